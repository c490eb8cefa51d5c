// AppArmor as Debian 12 has it, enforcing: what install tells it, what confined programs then do, and that status asks the kernel.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { type Statd, statd, TABLE } from "./confined.ts";
import { record } from "./evidence.ts";
import { bootMachine, type Machine } from "./machine.ts";
import { type Status, statusOf } from "./manager.ts";
import { noMachine, STATD_PROFILE } from "./support.ts";

const notHere = noMachine();
/** Most of the ports that bindresvport() could begin with: 600 + pid % 424. */
const LAST_RESERVED = 980;
const RULE = "/etc/apparmor.d/abstractions/base.d/portreserve";
const INCLUDE = "include <abstractions/base>";
const RULE_CURE = "portreservectl install, then: systemctl reload apparmor";
const INCLUDE_CURE = "have the profile include <abstractions/base>, then: systemctl reload apparmor";

describe.skipIf(notHere !== undefined)(named("AppArmor", notHere), () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await bootMachine({ release: "bookworm", kernel: "cloud" });
    await machine.output(`rm -f /etc/bindresvport.blacklist
mkdir -p /etc/portreserve; echo 600-${LAST_RESERVED} >/etc/portreserve/cups
portreservectl compile
systemctl start rpcbind`);
    await confine(INCLUDE);
  });
  afterAll(() => machine?.stop());

  /** Gives rpc.statd its profile, with this line for what every program needs. */
  const confine = (base: string): Promise<string> =>
    machine.output(
      `cat >/etc/apparmor.d/rpc.statd <<'END'\n${STATD_PROFILE.replace("$BASE", () => base)}END\nsystemctl reload apparmor`,
    );
  const restartStatd = (): Promise<Statd> => statd(machine, LAST_RESERVED);
  /** What the kernel has logged that the profile refused, once each, since the last time. */
  const refused = async (): Promise<string[]> => {
    const log = await machine.output("dmesg --read-clear");
    const denials = log
      .split("\n")
      .filter((line) => line.includes('apparmor="DENIED"') && line.includes('profile="statd"'));
    return [...new Set(denials.map((line) => /name="([^"]+)"/.exec(line)?.[1] ?? line))];
  };
  const verdicts = ({ allocators }: Status): unknown =>
    allocators
      .filter(({ name }) => name === "rpc.statd")
      .map(({ pid, verdict, reason, hint }) => [pid === null ? "stopped" : "running", verdict, reason, hint]);

  test("confines rpc.statd, and nothing of what it does without the shim is refused", async (context) => {
    expect((await machine.output("cat /sys/module/apparmor/parameters/enabled")).trim()).toBe("Y");
    await refused();
    const daemon = await restartStatd();
    expect(daemon).toMatchObject({ domain: "statd (enforce)", maps: { shim: false, table: false } });
    expect(daemon.port).toBe(daemon.candidate);
    expect(await refused()).toEqual([]);
    await record(context, machine, { control: `it took ${daemon.port}`, result: "the tests below" });
  });

  test("lets it map the table once install has told it, and every other confined program too", async (context) => {
    expect(await machine.run("portreservectl install")).toMatchObject({ status: 0, stderr: "" });
    expect(await machine.output(`cat ${RULE}`)).toMatch(/^# Written by .*\n\/etc\/portreserve\.table r,\n$/);
    const daemon = await restartStatd();
    expect(daemon).toMatchObject({ domain: "statd (enforce)", maps: { shim: true, table: true } });
    expect(daemon.candidate).toBeLessThanOrEqual(LAST_RESERVED);
    expect(daemon.port).toBeGreaterThan(LAST_RESERVED);
    expect(await refused()).toEqual([]);
    const status = await statusOf(machine);
    expect(verdicts(status)).toEqual([["running", "covered", null, null]]);
    expect(status.totals.stolen).toBe(0);
    await record(context, machine, {
      control: "the test above",
      result: `began at ${daemon.candidate}, took ${daemon.port}`,
    });
  });

  test("without the rule it steals, with the shim inside, and status knows both while it runs and before it does", async (context) => {
    await machine.output(`mv ${RULE} /root/; systemctl reload apparmor`);
    const daemon = await restartStatd();
    expect(daemon).toMatchObject({
      domain: "statd (enforce)",
      port: daemon.candidate,
      maps: { shim: true, table: false },
    });
    expect(await refused()).toEqual([TABLE]);
    const reason = "its AppArmor profile 'statd' keeps the table from it";
    const status = await statusOf(machine);
    expect(verdicts(status)).toEqual([["running", "not covered", reason, RULE_CURE]]);
    expect(status.ports.find(({ port, protocol }) => port === daemon.port && protocol === "udp")).toMatchObject({
      state: "stolen",
      holders: [{ verdict: "stolen", name: "rpc.statd", pid: daemon.pid }],
    });
    const verify = await machine.run("portreservectl verify");
    expect(verify.status).toBe(1);
    expect(verify.stdout).toContain(reason);
    await machine.output("systemctl stop rpc-statd");
    expect(verdicts(await statusOf(machine))).toEqual([["stopped", "not covered", reason, RULE_CURE]]);

    // The cure that status names.
    await machine.output(RULE_CURE.replace(", then:", " &&"));
    const cured = await restartStatd();
    expect(cured.port).toBeGreaterThan(LAST_RESERVED);
    expect(verdicts(await statusOf(machine))).toEqual([["running", "covered", null, null]]);
    await record(context, machine, {
      control: `it took ${daemon.port}, and the kernel's log has the refusal`,
      result: `after the cure it took ${cured.port}`,
    });
  });

  test("with a profile that lacks the base abstraction the loader gets no list, and status says so", async (context) => {
    await confine("signal,\n  unix,\n  /{usr/,}lib/** mr,\n  /etc/ld.so.cache r,");
    const daemon = await restartStatd();
    expect(daemon).toMatchObject({ domain: "statd (enforce)", maps: { shim: false, table: false } });
    expect(await refused()).toContain("/etc/ld.so.preload");
    const reason = "its AppArmor profile 'statd' keeps the preload list from it";
    expect(verdicts(await statusOf(machine))).toEqual([["running", "not covered", reason, INCLUDE_CURE]]);
    await confine(INCLUDE);
    const cured = await restartStatd();
    expect(cured.port).toBeGreaterThan(LAST_RESERVED);
    expect(verdicts(await statusOf(machine))).toEqual([["running", "covered", null, null]]);
    await record(context, machine, {
      control: "no shim, a row with the cure",
      result: `after the cure it took ${cured.port}`,
    });
  });

  test("a profile that only complains keeps nothing from it", async (context) => {
    await machine.output(`mv ${RULE} /root/; sed -i 's/rpc.statd {/rpc.statd flags=(complain) {/' /etc/apparmor.d/rpc.statd
systemctl reload apparmor`);
    const daemon = await restartStatd();
    expect(daemon).toMatchObject({ domain: "statd (complain)", maps: { shim: true, table: true } });
    expect(verdicts(await statusOf(machine))).toEqual([["running", "covered", null, null]]);
    await machine.output("systemctl stop rpc-statd");
    expect(verdicts(await statusOf(machine))).toEqual([["stopped", "covered", "when it starts", null]]);
    // What its unit names comes before what attaches to it.
    await machine.output(`mkdir -p /run/systemd/system/rpc-statd.service.d
printf '[Service]\\nAppArmorProfile=lsb_release\\n' >/run/systemd/system/rpc-statd.service.d/profile.conf
systemctl daemon-reload`);
    const reason = "its AppArmor profile 'lsb_release' keeps the table from it";
    expect(verdicts(await statusOf(machine))).toEqual([["stopped", "not covered", reason, RULE_CURE]]);
    await machine.output(
      "rm -r /run/systemd/system/rpc-statd.service.d; systemctl daemon-reload; portreservectl install",
    );
    await confine(INCLUDE);
    await record(context, machine, { control: "enforced it is 'not covered'", result: "covered" });
  });

  test("cupsd, in the profile that Debian ships, gets its reserved port with the shim inside", async (context) => {
    const found = await machine.output(`dmesg --clear; systemctl restart cups
pid=$(pidof cupsd); cat /proc/$pid/attr/current; grep -c 'libportreserve.so$' /proc/$pid/maps
ss -tanpH | grep -c "127.0.0.1:631 .*pid=$pid,"; dmesg | grep -c 'DENIED.*portreserve' || :`);
    const [domain, mapped, listening, denials] = found.split("\n");
    expect([domain, listening, denials]).toEqual(["/usr/sbin/cupsd (enforce)", "1", "0"]);
    expect(Number(mapped)).toBeGreaterThan(0);
    await record(context, machine, { control: "631 is reserved", result: "cupsd holds it, and nothing was refused" });
  });

  test("forgets the rule with uninstall", async () => {
    expect(await machine.run("portreservectl uninstall")).toMatchObject({ status: 0, stderr: "" });
    expect((await machine.run(`ls ${RULE}`)).status).not.toBe(0);
    await refused();
    const daemon = await restartStatd();
    expect(daemon).toMatchObject({
      domain: "statd (enforce)",
      port: daemon.candidate,
      maps: { shim: false, table: false },
    });
    expect(await refused()).toEqual([]);
    // What the kernel has loaded is without it too.
    expect(
      await machine.output(`aa-exec --profile=statd -- /usr/sbin/rpc.statd --version 2>&1 || :
cat >/run/ask.mjs <<'END'
import { openSync, readSync, writeSync } from "node:fs";
const file = openSync("/sys/kernel/security/apparmor/.access", "r+");
writeSync(file, "label\\0statd\\0\\x02${TABLE}");
const bytes = Buffer.alloc(100);
console.log(bytes.toString("latin1", 0, readSync(file, bytes, 0, 100, 0)).split("\\n")[0]);
END
node /run/ask.mjs`),
    ).toContain("allow 0x00000000");
  });
});
