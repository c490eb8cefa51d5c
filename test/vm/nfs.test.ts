// The kernel's own NFS client, which no preloaded library reaches: what the manager says of it, and what its cure does.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { record } from "./evidence.ts";
import { bootMachine, type Machine, PROJECT } from "./machine.ts";
import { type Allocator, heldIn, lookup, statusOf } from "./manager.ts";
import { heldPorts, socketsOf } from "./sockets.ts";
import { noMachine } from "./support.ts";

const notHere = noMachine();
const RESERVED = [749, 993];
const PROBE = `${PROJECT}/build/Release/portreserve-probe`;

const EXPORT = "rw,fsid=1,no_subtree_check,no_root_squash";
/** What is mounted is this machine's own, so both ends of a connection are in its lists. */
const PREPARE = `mkdir -p /etc/portreserve /srv/shared /mnt/nfs
rm -f /etc/bindresvport.blacklist
echo ipp >/etc/portreserve/cups; echo 749/tcp >/etc/portreserve/kadmind; echo 993/tcp >/etc/portreserve/imap
portreservectl install
mount -t tmpfs shared /srv/shared; echo served >/srv/shared/file
systemctl start rpcbind nfs-server
exportfs -o ${EXPORT} 127.0.0.1:/srv/shared
echo Y >/proc/fs/nfsd/v4_end_grace || :`;

describe.skipIf(notHere !== undefined)(named("the kernel's NFS client", notHere), () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await bootMachine({ release: "bookworm", kernel: "cloud" });
    await machine.output(PREPARE);
  });
  afterAll(() => machine?.stop());

  const mount = (options: string): Promise<unknown> =>
    machine.output(`mount -t nfs -o vers=4.2,retry=0,${options} 127.0.0.1:/srv/shared /mnt/nfs && cat /mnt/nfs/file`);
  const unmount = (): Promise<unknown> => machine.output("umount /mnt/nfs");
  const client = async (): Promise<Allocator | undefined> =>
    (await statusOf(machine)).allocators.find(({ kind }) => kind === "kernel");
  const clientPorts = async (): Promise<number[]> =>
    (await socketsOf(machine)).filter(({ peer, state }) => peer === 2049 && state === "ESTAB").map(({ port }) => port);
  /** Takes every TCP port that is left to hand out, and keeps them. */
  const occupy = (): Promise<unknown> =>
    machine.output(`${PROBE} --symbol bindresvport --protocol tcp --exhaust --hold >/run/probe.out 2>&1 & echo $! >/run/probe.pid
until grep -qs error /run/probe.out; do sleep 0.1; done; cat /run/probe.out`);
  const release = (): Promise<unknown> => machine.output("kill $(cat /run/probe.pid)");

  test("is named by status, lookup and verify, with the ports at risk", async (context) => {
    const status = await statusOf(machine);
    const [min, max] = (await machine.output("cat /proc/sys/sunrpc/min_resvport /proc/sys/sunrpc/max_resvport")).split(
      "\n",
    );
    expect([min, max]).toEqual(["665", "1023"]);
    expect(status.allocators.filter(({ verdict }) => verdict !== "covered")).toEqual([
      {
        kind: "kernel",
        name: "NFS client",
        pid: null,
        unit: null,
        program: null,
        count: 1,
        via: [`kernel, ${min}–${max}`],
        verdict: "not covered",
        check: "kernel",
        reason: "749 993 reserved in its range",
        hint: "portreservectl mechanisms apply nfs-range",
      },
    ]);
    expect(status.allocators.length).toBeGreaterThan(5);
    expect((await lookup(machine, "749/tcp")).threats).toEqual(
      status.allocators.filter(({ kind }) => kind === "kernel"),
    );
    // Below its range.
    expect((await lookup(machine, "631/tcp")).threats).toEqual([]);
    expect(heldIn(status)).toEqual(heldPorts(await socketsOf(machine)));
    const verify = await machine.run("portreservectl verify");
    expect(verify).toMatchObject({
      status: 1,
      stdout: expect.stringContaining("the host: not covered (1 allocator)\n"),
    });
    await record(context, machine, { control: "verify: not covered", result: "749 and 993 of 665–1023 at risk" });
  });

  test("takes a reserved port when nothing else is left, and status says who has stolen it", async (context) => {
    await occupy();
    await mount("proto=tcp");
    const [port = 0, ...others] = await clientPorts();
    expect(others).toEqual([]);
    expect(RESERVED).toContain(port);
    const status = await statusOf(machine);
    const found = status.ports.find((one) => one.port === port && one.protocol === "tcp");
    expect(found).toMatchObject({ state: "stolen", holders: [{ verdict: "stolen", name: "kernel", pid: null }] });
    expect(status.totals.stolen).toBe(1);
    expect(heldIn(status)).toEqual(heldPorts(await socketsOf(machine)));
    expect((await machine.output(`portreservectl lookup ${port}/tcp`)).split("\n")[1]).toMatch(
      /held by kernel.*STOLEN/,
    );
    await unmount();
    await release();
    await record(context, machine, { control: `the mount took ${port}`, result: "stolen, by the kernel" });
  });

  test("keeps off reserved ports in a narrower range, which status calls covered", async (context) => {
    await machine.output("sysctl -q -w sunrpc.min_resvport=750 sunrpc.max_resvport=992");
    expect(await client()).toMatchObject({
      via: ["kernel, 750–992"],
      verdict: "covered",
      reason: "no reserved port in its range",
      hint: null,
    });
    expect((await lookup(machine, "749/tcp")).threats).toEqual([]);
    expect(await machine.run("portreservectl verify")).toMatchObject({ status: 0, stderr: "" });
    await occupy();
    // It waits for a port of its range to become free, and would wait much longer.
    const refused = await machine.run(
      "timeout --signal=KILL 60 mount -t nfs -o vers=4.2,retry=0,soft,timeo=20,retrans=1 127.0.0.1:/srv/shared /mnt/nfs",
    );
    expect(refused.status).not.toBe(0);
    const live = (await socketsOf(machine)).filter(({ state }) => state !== "TIME-WAIT");
    expect(live.filter(({ port, peer }) => RESERVED.includes(port) || peer === 2049)).toEqual([]);
    await release();

    await mount("proto=tcp,nconnect=16");
    const ports = await clientPorts();
    expect(ports.length).toBeGreaterThan(0);
    expect(ports.filter((port) => port < 750 || port > 992)).toEqual([]);
    await unmount();
    await machine.output("sysctl -q -w sunrpc.max_resvport=1023 sunrpc.min_resvport=665");
    await record(context, machine, {
      control: "the test above",
      result: `${ports.length} connections in 750–992; none at all when these are taken`,
    });
  });

  test("needs no privileged port with noresvport, and status says what it cannot promise even so", async (context) => {
    expect(await client()).toMatchObject({ verdict: "not covered" });
    // Servers want a privileged port unless told otherwise.
    await expect(mount("proto=tcp,noresvport")).rejects.toThrow("mount.nfs: Operation not permitted");
    await machine.output(`exportfs -o ${EXPORT},insecure 127.0.0.1:/srv/shared`);
    await mount("proto=tcp,noresvport");
    expect(await client()).toMatchObject({
      verdict: "unknown",
      reason:
        "749 993 reserved in its range; every NFS mount has noresvport, but the kernel's NFS server may take one to call a client back",
    });
    const [port = 0] = await clientPorts();
    expect(port).toBeGreaterThan(1023);
    await unmount();
    await record(context, machine, {
      control: "the server refuses it unless it exports with 'insecure'",
      result: "its port is above 1023",
    });
  });
});
