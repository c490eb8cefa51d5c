// An old release: kernel, libc and systemd of Debian 11, with the very files that were built on this machine.
import { existsSync, readdirSync, readFileSync, type Stats, statSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { diskOf } from "./disks.ts";
import { record } from "./evidence.ts";
import { bootMachine, type Machine, PROJECT } from "./machine.ts";
import { heldIn, type Status, statusOf } from "./manager.ts";
import { heldPorts, socketsOf } from "./sockets.ts";
import { noMachine, STATD_PROFILE } from "./support.ts";

const notHere = noMachine();
const NATIVE = `${PROJECT}/build/Release`;
/** 600 + pid % 424 is 749. */
const THIEF = 21_349;

const PREPARE = `mkdir -p /etc/portreserve
rm -f /etc/bindresvport.blacklist
echo 749 >/etc/portreserve/kadmind
portreservectl compile
systemctl start rpcbind`;

describe.skipIf(notHere !== undefined)(named("Debian 11", notHere), () => {
  let machine: Machine;
  let written: Stats;
  beforeAll(async () => {
    written = statSync((await diskOf("bullseye")).image);
    machine = await bootMachine({ release: "bullseye", kernel: "cloud" });
    await machine.output(PREPARE);
  });
  afterAll(() => machine?.stop());

  /** Runs a script while rpc.statd, with the thief's process id, holds its port on 127.0.0.1. */
  const withStatd = (script: string): Promise<string> =>
    machine.output(`${NATIVE}/portreserve-pidexec --pid ${THIEF} -- rpc.statd -F --no-notify >/run/statd.out 2>&1 &
port() { ss -uanpH | sed -n 's/.* 127\\.0\\.0\\.1:\\([0-9]*\\) .*pid=${THIEF},.*/\\1/p'; }
until [ -n "$(port)" ]; do [ -e /proc/$! ] || exit 1; sleep 0.1; done
echo "$(port)"
${script}
kill ${THIEF}; wait`);

  test("is as old as it should be", async () => {
    const [kernel, libc, systemd] = (
      await machine.output("uname -r; getconf GNU_LIBC_VERSION; systemctl --version")
    ).split("\n");
    expect(kernel).toMatch(/^5\.10\./);
    expect(libc).toBe("glibc 2.31");
    expect(systemd).toMatch(/^systemd 247 /);
  });

  test("loses 749 to rpc.statd, and no more once the shim is installed", async (context) => {
    const [stolen, ...status] = (await withStatd("portreservectl status")).split("\n");
    expect(stolen).toBe("749");
    expect(status.join("\n")).toMatch(new RegExp(`^749/udp +kadmind +rpc\\.statd ${THIEF} +STOLEN$`, "m"));
    expect((await machine.run("portreservectl verify --quick")).status).toBe(1);

    expect(await machine.output("portreservectl install")).toContain(
      "covered: every x86_64 program that starts from now on\n",
    );
    const [port, ...rows] = (await withStatd("portreservectl status --json")).split("\n");
    // Its calls share one cursor, and there are several before this one.
    expect(Number(port)).toBeGreaterThan(749);
    expect(Number(port)).toBeLessThan(780);
    const { allocators, totals } = JSON.parse(rows.join("\n"));
    expect(allocators.filter(({ pid }: { pid: number }) => pid === THIEF)).toMatchObject([
      { name: "rpc.statd", via: ["bindresvport", "bindresvport_sa"], verdict: "covered" },
    ]);
    // The kernel's client.
    expect(totals).toMatchObject({ stolen: 0, allocatorsNotCovered: 1, allocatorsUnknown: 0 });
    await record(context, machine, { control: "rpc.statd took 749", result: `rpc.statd took ${port}` });
  });

  test("has an AppArmor of before 3.0: install says which line a profile needs, and status that one lacks it", async (context) => {
    const install = await machine.run("portreservectl install");
    expect(install).toMatchObject({ status: 0, stdout: expect.stringMatching(/^unchanged: /) });
    const [, line = ""] = /^hint: add the line '(.*)' to the profiles/m.exec(install.stderr) ?? [];
    expect(line).toBe("/etc/portreserve.table r,");
    const confined = async (base: string): Promise<[string, unknown]> => {
      await machine.output(`cat >/etc/apparmor.d/rpc.statd <<'END'
${STATD_PROFILE.replace("$BASE", () => base)}END
apparmor_parser --replace /etc/apparmor.d/rpc.statd`);
      const [port = "", ...rows] = (await withStatd("portreservectl status --json")).split("\n");
      const { allocators } = JSON.parse(rows.join("\n")) as Status;
      const own = allocators.find(({ pid }) => pid === THIEF);
      return [port, own && [own.verdict, own.reason]];
    };
    const include = "include <abstractions/base>";
    const stolen = await confined(include);
    expect(stolen).toEqual(["749", ["not covered", "its AppArmor profile 'statd' keeps the table from it"]]);
    const [kept, verdict] = await confined(`${include}\n  ${line}`);
    expect(Number(kept)).toBeGreaterThan(749);
    expect(verdict).toEqual(["covered", null]);
    await machine.output("apparmor_parser --remove /etc/apparmor.d/rpc.statd; rm /etc/apparmor.d/rpc.statd");
    await record(context, machine, { control: "without that line it took 749", result: `with it, ${kept}` });
  });

  test("is covered, as verify proves", async (context) => {
    // Its packages load the kernel's NFS client.
    const before = await machine.run("portreservectl verify --quick");
    expect(before.stdout).toMatch(/^NFS client .*not covered: 749 reserved in its range/m);
    expect(before).toMatchObject({
      status: 1,
      stdout: expect.stringContaining("the host: not covered (1 allocator)\n"),
    });
    await machine.output("sysctl -q -w sunrpc.min_resvport=750");
    const { status, stdout } = await machine.run("portreservectl verify");
    expect(stdout).toMatch(/\nproof: good, by the preload list, in a network namespace\n/);
    expect(stdout).toMatch(/^the host: covered/);
    expect(status).toBe(0);
    expect(heldIn(await statusOf(machine))).toEqual(heldPorts(await socketsOf(machine)));
    const runs = /^x86_64 +good +(.*): every port/m.exec(stdout)?.[1] ?? "";
    await record(context, machine, { control: "the test above", result: `proof good: ${runs}` });
  });

  test("has sockets that its kernel does not show, and lookup says so", async (context) => {
    const found =
      await machine.output(`hold() { ${NATIVE}/portreserve-probe --symbol bind --port 700 --protocol $1 --hold >/run/$1.out & }
hold tcp; tcp=$!; hold udp; udp=$!
until grep -qs port /run/tcp.out && grep -qs port /run/udp.out; do sleep 0.1; done
ss -tanH | grep -c :700 || :
portreservectl lookup 700 || :
kill $tcp $udp; wait`);
    const [shown, ...lines] = found.split("\n");
    expect(shown).toBe("0");
    expect(lines).toContain(
      "700/tcp  held by nobody that this kernel shows (before Linux 6.8: no TCP socket that is only bound)",
    );
    expect(lines.find((line) => line.startsWith("700/udp  held"))).toMatch(
      /^700\/udp {2}held by portreserve-probe \d+/,
    );
    await record(context, machine, {
      control: "700/udp is shown",
      result: "700/tcp is held, and lookup says it would not see it",
    });
  });

  test("is left as it was by uninstall", async () => {
    await machine.output("portreservectl uninstall");
    const left = await machine.output("find /etc /usr -name '*portreserve*' -not -path '/usr/local/*' | sort");
    expect(left).toBe("/etc/portreserve\n");
    expect((await withStatd("true")).trim()).toBe("749");
  });

  test("leaves nothing on the host, and its disk as it was", async () => {
    const { stage, disk, stop } = machine;
    const processes = (): string[] =>
      readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .filter((pid) => commandOf(pid).includes(stage));
    expect(processes()).toHaveLength(1);
    expect(existsSync(stage)).toBe(true);
    await stop();
    expect(processes()).toEqual([]);
    expect(existsSync(stage)).toBe(false);
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(stage);
    expect(statSync(disk.image)).toMatchObject({ mtimeMs: written.mtimeMs, ctimeMs: written.ctimeMs });
  });
});

/** Empty for a process that has just ended. */
function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
