// The kernel's own NFS client beside held ports, on three kernels: with one port of its range free it always takes that one.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { FULL } from "../support/full.ts";
import type { Release } from "./disks.ts";
import { record } from "./evidence.ts";
import { bootMachine, type Machine, PROJECT } from "./machine.ts";
import { noMachine } from "./support.ts";

const notHere = noMachine();
const HOLDER = `${PROJECT}/build/Release/portreserve-hold`;
const EXPORT = "rw,fsid=1,no_subtree_check,no_root_squash,insecure";
const HELD = [749, 750, 751];
const FREE = 752;
/** By each way to mount. */
const MOUNTS = FULL ? 30 : 10;

const KERNELS: readonly { readonly release: Release; readonly kernel: RegExp }[] = [
  { release: "bullseye", kernel: /^5\.10\./ },
  { release: "bookworm", kernel: /^6\.1\./ },
  { release: "trixie", kernel: /^6\.12\./ },
];

/** The client ends its connections, and would find its port in TIME_WAIT at the next mount. */
const PREPARE = `mkdir -p /srv/shared /mnt/nfs
sysctl -q -w net.ipv4.tcp_max_tw_buckets=0
modprobe sunrpc
mount -t tmpfs shared /srv/shared; echo served >/srv/shared/file
systemctl start rpcbind nfs-server
exportfs -o ${EXPORT} 127.0.0.1:/srv/shared
exportfs -o ${EXPORT} [::1]:/srv/shared
echo Y >/proc/fs/nfsd/v4_end_grace || :
sysctl -q -w sunrpc.max_resvport=${FREE}
sysctl -q -w sunrpc.min_resvport=${HELD[0]}
printf '${["portreserve-hold 1", ...HELD.map((port) => `hold tcp ${port}`), `end ${HELD.length}`, ""].join("\\n")}' >/etc/portreserve.hold`;

/** Mounts and unmounts that often; each time the port, and what the served file says. */
const mounts = async (machine: Machine, options: string, address: string): Promise<string> => {
  const text = await machine.output(
    `for mount in $(seq ${MOUNTS}); do
  mount -t nfs -o ${options},retry=0,nolock ${address}:/srv/shared /mnt/nfs || exit
  echo "$(ss -Htn state established 'dport = :2049' | awk '{ print $3 }' | sed 's/.*://') $(cat /mnt/nfs/file)"
  umount /mnt/nfs
done | sort | uniq -c | sed 's/^ *//'`,
    900_000,
  );
  return text.trimEnd();
};

describe.skipIf(notHere !== undefined).each(KERNELS)(
  named("the kernel's NFS client beside held ports, $release", notHere),
  ({ release, kernel }) => {
    let machine: Machine;
    beforeAll(async () => {
      machine = await bootMachine({ release, kernel: "cloud" });
      await machine.output(PREPARE);
    });
    afterAll(() => machine?.stop());

    test(`takes any of four ports, and with three of them held ${MOUNTS} times the fourth, by each way to mount`, async (context) => {
      expect(await machine.output("uname -r")).toMatch(kernel);
      const control = await mounts(machine, "vers=4.2,proto=tcp", "127.0.0.1");
      expect(control.split("\n").length).toBeGreaterThan(1);
      expect(HELD.some((port) => control.includes(` ${port} served`))).toBe(true);

      await machine.output(`systemd-run --quiet --unit=holder --property=Type=notify ${HOLDER}`);
      expect(await machine.output('grep -c \'"ipv4":"held","ipv6":"held"\' /run/portreserve/hold.json')).toMatch(
        /^3\s*$/,
      );
      const only = `${MOUNTS} ${FREE} served`;
      expect(await mounts(machine, "vers=4.2,proto=tcp", "127.0.0.1")).toBe(only);
      expect(await mounts(machine, "vers=3,proto=tcp", "127.0.0.1")).toBe(only);
      expect(await mounts(machine, "vers=4.2,proto=tcp6", "[::1]")).toBe(only);
      await record(context, machine, {
        control: `749 to 752 free: ${control
          .replaceAll(" served", "")
          .replaceAll("\n", ", ")
          .replace(/(\d+) (\d+)/g, "$2 $1 times")}`,
        result: `749 to 751 held: ${3 * MOUNTS} mounts of v4.2, v3, and v4.2 over IPv6, all from ${FREE}`,
      });
    });
  },
);
