// nfs-range and noresvport before the NFS clients of three kernels: the theft without each, none with it, and the client as it was when it is removed.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import type { Release } from "./disks.ts";
import { record } from "./evidence.ts";
import { bootMachine, type Machine, PROJECT } from "./machine.ts";
import { type Allocator, statusOf } from "./manager.ts";
import { socketsOf } from "./sockets.ts";
import { noMachine } from "./support.ts";

const notHere = noMachine();
const RESERVED = [749, 993];
const PROBE = `${PROJECT}/build/Release/portreserve-probe`;
const EXPORT = "rw,fsid=1,no_subtree_check,no_root_squash";
const PREPARE = `mkdir -p /etc/portreserve /srv/shared /mnt/nfs
rm -f /etc/bindresvport.blacklist
echo 749/tcp >/etc/portreserve/kadmind; echo 993/tcp >/etc/portreserve/imap
portreservectl install
mount -t tmpfs shared /srv/shared; echo served >/srv/shared/file
systemctl start rpcbind nfs-server
exportfs -o ${EXPORT} 127.0.0.1:/srv/shared
echo Y >/proc/fs/nfsd/v4_end_grace || :`;
/** nfs-utils of Debian 11 reads no folder of settings. */
const KERNELS: readonly { readonly release: Release; readonly kernel: RegExp; readonly readsFolder: boolean }[] = [
  { release: "bullseye", kernel: /^5\.10\./, readsFolder: false },
  { release: "bookworm", kernel: /^6\.1\./, readsFolder: true },
  { release: "trixie", kernel: /^6\.12\./, readsFolder: true },
];
const FILES = "find /etc -newer /etc/portreserve.table -type f | sort";
const RANGE = "cat /proc/sys/sunrpc/min_resvport /proc/sys/sunrpc/max_resvport";

describe.skipIf(notHere !== undefined).each(KERNELS)(
  named("a mechanism for the kernel's NFS client, $release", notHere),
  ({ release, kernel, readsFolder }) => {
    let machine: Machine;
    beforeAll(async () => {
      machine = await bootMachine({ release, kernel: "cloud" });
      await machine.output(PREPARE);
    });
    afterAll(() => machine?.stop());

    const mount = (options = "proto=tcp"): Promise<unknown> =>
      machine.output(`mount -t nfs -o vers=4.2,retry=0,${options} 127.0.0.1:/srv/shared /mnt/nfs && cat /mnt/nfs/file`);
    const unmount = (): Promise<unknown> => machine.output("umount /mnt/nfs");
    const clientPorts = async (): Promise<number[]> =>
      (await socketsOf(machine))
        .filter(({ peer, state }) => peer === 2049 && state === "ESTAB")
        .map(({ port }) => port);
    const client = async (): Promise<Allocator | undefined> =>
      (await statusOf(machine)).allocators.find(({ kind }) => kind === "kernel");
    const range = async (): Promise<string> => (await machine.output(RANGE)).trim().replace("\n", "–");
    /** Takes every TCP port that is left to hand out, and keeps them. */
    const occupy = (): Promise<unknown> =>
      machine.output(`${PROBE} --symbol bindresvport --protocol tcp --exhaust --hold >/run/probe.out 2>&1 & echo $! >/run/probe.pid
until grep -qs error /run/probe.out; do sleep 0.1; done`);
    const letGo = (): Promise<unknown> => machine.output("kill $(cat /run/probe.pid)");

    test("nfs-range keeps it off reserved ports, follows a compile, and gives its range back", async (context) => {
      expect(await machine.output("uname -r")).toMatch(kernel);
      const files = await machine.output(FILES);
      expect(await range()).toBe("665–1023");
      // The control: where nothing else is left, it takes a reserved port.
      await occupy();
      await mount();
      const [stolen = 0] = await clientPorts();
      expect(RESERVED).toContain(stolen);
      await unmount();
      await letGo();
      expect(await client()).toMatchObject({ hint: "portreservectl mechanisms apply nfs-range" });

      await machine.output("portreservectl mechanisms apply nfs-range");
      expect(await range()).toBe("750–992");
      expect(await machine.output("modprobe -c | grep '^options sunrpc'")).toContain(
        "min_resvport=750 max_resvport=992",
      );
      expect(await client()).toMatchObject({ verdict: "covered", reason: "no reserved port in its range" });
      expect(await machine.output("portreservectl mechanisms nfs-range")).toContain("nfs-range: in force\n");
      await machine.output("sysctl --system >/dev/null 2>&1 || :");
      expect(await range()).toBe("750–992");
      await occupy();
      const refused = await machine.run(
        "timeout --signal=KILL 60 mount -t nfs -o vers=4.2,retry=0,soft,timeo=20,retrans=1 127.0.0.1:/srv/shared /mnt/nfs",
      );
      expect(refused.status).not.toBe(0);
      const live = (await socketsOf(machine)).filter(({ state }) => state !== "TIME-WAIT");
      expect(live.filter(({ port, peer }) => RESERVED.includes(port) || peer === 2049)).toEqual([]);
      await letGo();
      await mount("proto=tcp,nconnect=16");
      const ports = await clientPorts();
      expect(ports.length).toBeGreaterThan(0);
      expect(ports.filter((port) => port < 750 || port > 992)).toEqual([]);
      await unmount();

      await machine.output("echo 800 >/etc/portreserve/more && portreservectl compile");
      expect(await range()).toBe("801–992");
      await machine.output("rm /etc/portreserve/more && portreservectl compile");
      expect(await range()).toBe("750–992");
      await machine.output("portreservectl mechanisms remove nfs-range");
      expect(await range()).toBe("665–1023");
      expect(await machine.output("ls /etc/modprobe.d /etc/sysctl.d")).not.toContain("portreserve");
      expect(files).not.toContain("portreserve-nfs-range");
      await record(context, machine, {
        control: `the mount took ${stolen}`,
        result: `${ports.length} connections in 750–992, and none at all when these are taken`,
      });
    });

    test("noresvport has mounts without an option take a port above 1023, where the server allows it", async (context) => {
      await machine.output("portreservectl mechanisms remove nfs-range");
      await mount();
      const [before = 0] = await clientPorts();
      expect(before).toBeLessThan(1024);
      await unmount();
      const applied = await machine.run("portreservectl mechanisms apply noresvport");
      if (!readsFolder) {
        expect(applied).toMatchObject({
          status: 5,
          stderr: expect.stringContaining("mount.nfs does not take '/etc/nfsmount.conf.d/portreserve.conf'"),
        });
        expect((await machine.run("ls /etc/nfsmount.conf.d/portreserve.conf")).status).not.toBe(0);
        return;
      }
      expect(applied).toMatchObject({ status: 0, stderr: expect.stringContaining("exports with 'secure'") });
      await expect(mount()).rejects.toThrow("mount.nfs: Operation not permitted");
      await machine.output(`exportfs -o ${EXPORT},insecure 127.0.0.1:/srv/shared`);
      await mount();
      const [port = 0] = await clientPorts();
      expect(port).toBeGreaterThan(1023);
      // Its own server may call back; elsewhere the client would be covered.
      expect(await client()).toMatchObject({ verdict: "unknown", reason: expect.stringContaining("NFS server") });
      await unmount();
      await machine.output("portreservectl mechanisms remove noresvport");
      await mount();
      const [after = 0] = await clientPorts();
      expect(after).toBeLessThan(1024);
      await unmount();
      await record(context, machine, {
        control: `without it a mount takes ${before}, and a server with 'secure' refuses it with it`,
        result: `its port is ${port}`,
      });
    });
  },
);
