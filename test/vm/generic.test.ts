// The generic kernel, with SELinux enforcing Debian's policy and a BMC: confined daemons and the table, and what the manager says of both.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { deniedTable, type Statd, statd, TABLE, type Ypserv, ypserv } from "./confined.ts";
import { record } from "./evidence.ts";
import { bootMachine, type Machine } from "./machine.ts";
import { type Status, statusOf } from "./manager.ts";
import { noMachine } from "./support.ts";

const notHere = noMachine();
const SELINUX = ["security=selinux", "selinux=1", "enforcing=1"];
const BMC = ["-device", "ipmi-bmc-sim,id=bmc", "-device", "isa-ipmi-kcs,bmc=bmc"];
const RIGHT = "ld_so_cache_t:s0";
/** Most of the ports that bindresvport() could begin with: 600 + pid % 424. */
const LAST_RESERVED = 980;

/** Long enough for V8 to compile it. */
const LOOP = "node -e 'let sum = 0; for (let i = 0; i < 3e6; i++) sum += i; console.log(sum)'";

describe.skipIf(notHere !== undefined)(named("the generic kernel, enforcing", notHere), () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await bootMachine({ release: "bookworm", kernel: "generic", kernelArguments: SELINUX, devices: BMC });
    await machine.output(`rm -f /etc/bindresvport.blacklist
mkdir -p /etc/portreserve; echo 749 >/etc/portreserve/kadmind
systemctl start auditd rpcbind`);
  });
  afterAll(() => machine?.stop());

  const restartStatd = (): Promise<Statd> => statd(machine, LAST_RESERVED);
  const startYpserv = (): Promise<Ypserv> => ypserv(machine, LAST_RESERVED);
  const typeOf = async (file: string): Promise<string> =>
    (await machine.output(`stat -c %C ${file}`)).trim().split(":").slice(2).join(":");
  const denied = (pid: number): Promise<string[]> => deniedTable(machine, pid);
  const ofStatd = ({ allocators }: Status, pid: number): unknown => {
    const found = allocators.find((allocator) => allocator.pid === pid);
    return found && [found.name, found.verdict, found.reason, found.hint];
  };
  const labelAnswer = ({ answers }: Status): unknown => {
    const found = answers.find(({ id }) => id === "label");
    return found && [found.state, found.answer, found.hint];
  };

  test("keeps every program of node from running until the policy is told", async (context) => {
    expect((await machine.output("getenforce")).trim()).toBe("Enforcing");
    const before = await machine.run(LOOP);
    expect(before.status).toBe(128 + 5);
    expect(await machine.output("ausearch --message AVC --comm node --raw")).toMatch(/denied +\{ execmem \}/);
    expect(await machine.output(LOOP.replace("node", "node --jitless"))).toBe("4499998500000\n");
    await machine.output("setsebool allow_execmem on");
    expect(await machine.output(LOOP)).toBe("4499998500000\n");
    await record(context, machine, { control: "V8 ends itself", result: "'setsebool allow_execmem on' lets it run" });
  });

  test("has a BMC, for whose ports status gives a hint until they are reserved", async (context) => {
    await machine.output("portreservectl compile");
    const hints = async (): Promise<string[]> =>
      (await statusOf(machine)).hints.filter(({ id }) => id === "bmc").map(({ message }) => message);
    expect(await hints()).toEqual([
      "this host has a BMC, which swallows what comes for ports 623 and 664, and 623/tcp, 623/udp, 664/tcp and 664/udp can be handed out",
    ]);
    await machine.output("modprobe -r ipmi_ssif acpi_ipmi ipmi_devintf ipmi_si ipmi_msghandler");
    expect(await hints()).toEqual([]);
    await machine.output("modprobe ipmi_si && modprobe ipmi_devintf && udevadm settle");
    expect(await hints()).toHaveLength(1);
    await machine.output("printf '623\\n664\\n' >/etc/portreserve/bmc && portreservectl compile");
    expect(await hints()).toEqual([]);
    await record(context, machine, {
      control: "no hint without the driver",
      result: "623 and 664 named until reserved",
    });
  });

  test("gives what install puts there the labels that confined programs may use, and keeps them", async (context) => {
    await machine.output(`rm /etc/portreserve/bmc /etc/portreserve/kadmind
echo 600-${LAST_RESERVED} >/etc/portreserve/cups; portreservectl compile`);
    // The table is older than the installation, and no tool of SELinux's has been told of it.
    expect(await machine.output("semanage fcontext --list --locallist --noheading")).toBe("");
    expect(await machine.run("portreservectl install")).toMatchObject({ status: 0, stderr: "" });
    const files = [TABLE, "/etc/ld.so.preload", "/usr/lib/x86_64-linux-gnu/portreserve/libportreserve.so"];
    const types = [RIGHT, RIGHT, "lib_t:s0"];
    expect(await Promise.all(files.map(typeOf))).toEqual(types);
    await machine.output("restorecon -RF /etc /usr/lib/x86_64-linux-gnu/portreserve");
    expect(await Promise.all(files.map(typeOf))).toEqual(types);
    expect(await machine.output("portreservectl install")).toMatch(/^unchanged/);
    // An administrator's ldconfig writes the cache as somebody else than the policy's own user.
    await machine.output("ldconfig");
    expect(labelAnswer(await statusOf(machine))).toEqual(["good", RIGHT, null]);
    await record(context, machine, { control: "the tests below", result: `${RIGHT}, also after restorecon` });
  });

  test("lets confined rpc.statd map the table and keep off what it reserves", async (context) => {
    const daemon = await restartStatd();
    expect(daemon).toMatchObject({ domain: "rpcd_t", maps: { shim: true, table: true } });
    expect(daemon.candidate).toBeLessThanOrEqual(LAST_RESERVED);
    expect(daemon.port).toBeGreaterThan(LAST_RESERVED);
    expect(await denied(daemon.pid)).toEqual([]);
    const status = await statusOf(machine);
    expect(ofStatd(status, daemon.pid)).toEqual(["rpc.statd", "covered", null, null]);
    expect(status.totals.stolen).toBe(0);
    await record(context, machine, {
      control: "the tests below",
      result: `began at ${daemon.candidate}, took ${daemon.port}`,
    });
  });

  test("refuses it a table with a label of somebody else's: a theft, which status and verify tell", async (context) => {
    await machine.output(`chcon --type shadow_t ${TABLE}`);
    const daemon = await restartStatd();
    expect(daemon).toMatchObject({ domain: "rpcd_t", port: daemon.candidate, maps: { shim: true, table: false } });
    expect(await denied(daemon.pid)).toEqual(["read"]);
    const status = await statusOf(machine);
    expect(labelAnswer(status)).toEqual(["bad", `it is 'shadow_t:s0' instead of '${RIGHT}'`, "portreservectl compile"]);
    expect(ofStatd(status, daemon.pid)).toEqual([
      "rpc.statd",
      "unknown",
      "the table has a label that its domain may not read",
      "portreservectl compile",
    ]);
    expect(status.ports.find(({ port, protocol }) => port === daemon.port && protocol === "udp")).toMatchObject({
      state: "stolen",
      holders: [{ verdict: "stolen", name: "rpc.statd", pid: daemon.pid }],
    });
    const verify = await machine.run("portreservectl verify");
    expect(verify.status).toBe(1);
    expect(verify.stdout).toContain("no: has the table the label that confined programs may read?");

    // The cure that status names.
    expect((await machine.output("portreservectl compile")).split("\n").at(-2)).toMatch(/^written: /);
    expect(await typeOf(TABLE)).toBe(RIGHT);
    const cured = await restartStatd();
    expect(cured.port).toBeGreaterThan(LAST_RESERVED);
    expect(ofStatd(await statusOf(machine), cured.pid)).toEqual(["rpc.statd", "covered", null, null]);
    await record(context, machine, {
      control: `with shadow_t it took ${daemon.port}, and the audit log has the refusal`,
      result: `after 'compile' it took ${cured.port}`,
    });
  });

  test("refuses it to map a table of any configuration file's type, which it then reads", async (context) => {
    await machine.output(`chcon --type etc_t ${TABLE}`);
    const daemon = await restartStatd();
    expect(daemon).toMatchObject({ domain: "rpcd_t", maps: { shim: true, table: false } });
    expect(daemon.port).toBeGreaterThan(LAST_RESERVED);
    expect(await denied(daemon.pid)).toEqual(["map"]);
    expect(labelAnswer(await statusOf(machine))).toEqual([
      "bad",
      `it is 'etc_t:s0' instead of '${RIGHT}'`,
      "portreservectl compile",
    ]);
    await machine.output("portreservectl compile");
    await record(context, machine, { control: "map is denied", result: `it took ${daemon.port} all the same` });
  });

  test("confines ypserv, whose ports the audit log has: a theft without the table, and none with it", async (context) => {
    // Debian's policy keeps it from rpcbind, so that it ends; but by then it has allocated.
    await machine.output("mkdir -p /var/yp/machine.test; echo machine.test >/etc/defaultdomain");
    await machine.output(`chcon --type shadow_t ${TABLE}`);
    const stolen = await startYpserv();
    expect(stolen.domain).toBe("ypserv_t");
    expect(stolen.ports).toContain(stolen.candidate);
    expect(await denied(stolen.pid)).toEqual(["read"]);
    await machine.output("portreservectl compile");
    const kept = await startYpserv();
    expect(kept.domain).toBe("ypserv_t");
    expect(kept.ports.length).toBeGreaterThan(0);
    expect(kept.ports.filter((port) => port >= 600 && port <= LAST_RESERVED)).toEqual([]);
    expect(await denied(kept.pid)).toEqual([]);
    await record(context, machine, {
      control: `with shadow_t it took ${stolen.ports}`,
      result: `began at ${kept.candidate}, took ${kept.ports}`,
    });
  });

  test("confines cupsd, which gets its reserved port with the shim inside", async (context) => {
    const found = await machine.output(`systemctl restart cups
pid=$(pidof cupsd); tr -d '\\0' </proc/$pid/attr/current | cut -d: -f3; grep -c 'libportreserve.so$' /proc/$pid/maps
ss -tanpH | grep -c "127.0.0.1:631 .*pid=$pid,"; echo $pid`);
    const [domain, mapped, listening, pid] = found.split("\n");
    expect([domain, listening]).toEqual(["cupsd_t", "1"]);
    expect(Number(mapped)).toBeGreaterThan(0);
    expect(await denied(Number(pid))).toEqual([]);
    const state = (await statusOf(machine)).ports.find(({ port, protocol }) => port === 631 && protocol === "tcp");
    expect(state?.holders.map(({ verdict, name }) => `${verdict} ${name}`)).toEqual(["owner cupsd", "owner cupsd"]);
    await record(context, machine, { control: "631 is reserved", result: "cupsd holds it, as its owner" });
  });

  test("lets systemd compile a changed configuration in its own domain, with the right label", async (context) => {
    const generation = `od -An -tu8 -j16 -N8 ${TABLE}`;
    const before = await machine.output(generation);
    await machine.output(`echo 985 >/etc/portreserve/other
until [ "$(${generation})" != "${before.trimEnd()}" ]; do sleep 0.2; done`);
    expect(await typeOf(TABLE)).toBe(RIGHT);
    expect((await machine.run("portreservectl lookup 985/udp")).status).toBe(0);
    await record(context, machine, {
      control: `generation${before.trimEnd().replace(/ +/, " ")}`,
      result: "compiled anew",
    });
  });

  test("forgets the table's label with uninstall", async () => {
    expect(await machine.run("portreservectl uninstall")).toMatchObject({ status: 0, stderr: "" });
    expect(await machine.output("semanage fcontext --list --locallist --noheading")).toBe("");
  });
});
