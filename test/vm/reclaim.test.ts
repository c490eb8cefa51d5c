// reclaim and the kernel's own NFS client: CUPS gets its port back while a program writes to the mount, and loses nothing.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { record } from "./evidence.ts";
import { bootMachine, type Machine, PROJECT } from "./machine.ts";
import { socketsOf } from "./sockets.ts";
import { noMachine } from "./support.ts";

const notHere = noMachine();
const HOLDER = `${PROJECT}/build/Release/portreserve-hold`;
const EXPORT = "rw,fsid=1,no_subtree_check,no_root_squash";

const PREPARE = `mkdir -p /etc/portreserve /srv/shared /mnt/nfs
rm -f /etc/bindresvport.blacklist
mount -t tmpfs shared /srv/shared
systemctl stop cups.service cups.socket cups.path || :
systemctl start rpcbind nfs-server
exportfs -o ${EXPORT} 127.0.0.1:/srv/shared
echo Y >/proc/fs/nfsd/v4_end_grace || :`;

/** The kernel takes no first port above the last, nor the other way round. */
const range = (first: number, last: number): string =>
  `sysctl -q -w sunrpc.max_resvport=1023; sysctl -q -w sunrpc.min_resvport=${first} sunrpc.max_resvport=${last}`;

/** Adds a line at a time, each written through to the server, until it is told to stop; then says how many. */
const WRITE = `rm -f /run/writer /run/stop
( cd /mnt/nfs; i=0
until [ -e /run/stop ]; do i=$((i + 1)); echo $i >>lines || exit; sleep 0.02; done
echo $i >/run/writer ) & until [ -s /mnt/nfs/lines ]; do sleep 0.1; done`;
const STOP = `sleep 3; touch /run/stop
for i in $(seq 600); do [ ! -e /run/writer ] || break; sleep 0.1; done; cat /run/writer`;

describe.skipIf(notHere !== undefined)(named("reclaim", notHere), () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await bootMachine({ release: "bookworm", kernel: "cloud" });
    await machine.output(PREPARE);
  });
  afterAll(() => machine?.stop());
  // Also after one that has failed.
  afterEach(() =>
    machine.run(`touch /run/stop; systemctl stop cups.service cups.socket cups.path 'holder-*'
! mountpoint -q /mnt/nfs || umount -f -l /mnt/nfs; rm -f /srv/shared/*; ${range(631, 700)}`),
  );

  const clientPorts = async (): Promise<number[]> =>
    (await socketsOf(machine)).filter(({ peer, state }) => peer === 2049 && state === "ESTAB").map(({ port }) => port);
  /** At the address that the client has: without that, CUPS runs on with ::1 alone. */
  const cupsListens = async (): Promise<boolean> => (await machine.output("ss -Hltn src 127.0.0.1:631")).trim() !== "";
  /** `word`: "", or "hold". */
  const reserve = (word: string): Promise<string> =>
    machine.output(`echo '631/tcp ${word}' >/etc/portreserve/cups; portreservectl compile`);

  test.for(["4.2", "3"])(
    "gives CUPS 631 back from a mount of version %s, once it is held, while a program writes and loses nothing",
    async (version, context) => {
      await reserve("");
      await machine.output(`${range(631, 631)}
mount -t nfs -o vers=${version},proto=tcp,retry=0,nolock 127.0.0.1:/srv/shared /mnt/nfs
${range(631, 700)}`);
      expect(await clientPorts()).toEqual([631]);
      await machine.run("systemctl restart cups.service; sleep 2");
      expect(await cupsListens()).toBe(false);

      // Not held: refused, and nothing happens.
      expect(await machine.run("portreservectl reclaim 631/tcp")).toEqual({
        status: 1,
        stdout: "",
        stderr:
          "portreservectl: error: 631/tcp cannot be reclaimed: the kernel's NFS client would take it again, since nothing holds it\n" +
          "hint: run 'sudo portreservectl hold 631/tcp', then this again\n",
      });
      // As it would: ended without a hold, it is there again once it has something to ask the server, which a list that it
      // has kept is not.
      await machine.output(`${range(631, 631)}
ss -K sport = :631 dport = :2049 >/dev/null; touch /mnt/nfs/asked
${range(631, 700)}`);
      const again = await clientPorts();
      expect(again).toEqual([631]);

      // Mounting asks mountd too, for version 3, from the one port that there was: that connection has ended, and keeps CUPS
      // from the port for a minute.
      await machine.output('until [ -z "$(ss -Htan state time-wait sport = :631)" ]; do sleep 0.5; done');
      await reserve("hold");
      await machine.output(`systemd-run --quiet --unit=holder-${version.slice(0, 1)} ${HOLDER}
until [ -e /run/portreserve/hold.json ]; do sleep 0.1; done
${WRITE}`);
      const { status, stdout, stderr } = await machine.run("portreservectl reclaim 631/tcp --restart-owner");
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout.split("\n")).toEqual([
        "631/tcp, reserved for 'cups': an end to 1 connection of the kernel's NFS client, which connects again from another port",
        expect.stringMatching(/^ended: 127\.0\.0\.1:631 to 127\.0\.0\.1:2049, of the kernel$/),
        "held: 631/tcp, by portreserve-hold",
        "restarted: 'cups.service'",
        "631/tcp is its owner's again",
        "",
      ]);
      expect(await cupsListens()).toBe(true);
      const count = Number(await machine.output(STOP));
      const lines = (await machine.output("cat /srv/shared/lines")).trim().split("\n");
      expect(lines).toEqual(Array.from({ length: count }, (_, at) => String(at + 1)));
      const [port = 0, ...others] = await clientPorts();
      expect([port === 631, others]).toEqual([false, []]);
      await record(context, machine, {
        control: `CUPS cannot have 631; ended without a hold, the client comes back from ${again[0]}`,
        result: `CUPS has 631, the client ${port}, and of ${count} lines none is lost`,
      });
    },
  );
});
