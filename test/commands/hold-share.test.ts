// hold --share in an image, down to the bytes of the drop-ins, and which answers of the gate it changes.
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { Answer } from "../../src/commands/hold/answers.ts";
import { shareAnswers } from "../../src/commands/hold-share/answers.ts";
import type { PortUser } from "../../src/coverage/hold-gate.ts";
import { imageOf, run, SYSTEMD, withoutLock } from "../install/image.ts";
import { treeOf } from "../support/host.ts";
import { schemaFaults } from "../support/schema.ts";
import { stagedNatives } from "../support/stage/stage.ts";

const SHIM = "/usr/$LIB/portreserve/libportreserve.so";
const SHARE = "/usr/$LIB/portreserve/libportreserve-share.so";
const DROP_IN = "etc/systemd/system/snmpd.service.d/50-portreserve.conf";
const UNITS = {
  ...SYSTEMD,
  "etc/portreserve/snmp": "161/udp\n162/udp\n",
  "usr/lib/systemd/system/snmpd.service": "[Service]\nExecStart=/usr/sbin/snmpd\nEnvironment=LD_PRELOAD=/a.so\n",
  "usr/lib/systemd/system/held.service": "[Service]\nExecStart=/usr/sbin/held\n",
};

const settingOf = (root: string): string | undefined =>
  existsSync(path.join(root, DROP_IN))
    ? /LD_PRELOAD=(.*)"$/m.exec(readFileSync(path.join(root, DROP_IN), "latin1"))?.[1]
    : undefined;
const ports = (root: string): string | undefined =>
  /^# Held ports: (.*)$/m.exec(readFileSync(path.join(root, DROP_IN), "latin1"))?.[1];

describe("in an image", () => {
  test("a unit gets the library beside the shim or alone, for its ports, and each verb takes its own part", () => {
    const root = imageOf(UNITS);
    const at = ["--root", root] as const;
    const before = withoutLock(treeOf(root));
    expect(run("hold", "161/udp", "--share", ...at, "--unit", "snmpd")).toMatchObject({
      status: 5,
      stderr: expect.stringContaining(
        "error: the share library is not installed; nothing was changed\nhint: run 'sudo portreservectl install --root",
      ),
    });
    expect(withoutLock(treeOf(root))).toBe(before);
    expect(run("install", ...at).status).toBe(0);

    const planned = run("hold", "161/udp", "--share", "--dry-run", ...at, "--unit", "snmpd");
    expect(planned.stdout).toContain(`+++ /${DROP_IN}\n`);
    expect(settingOf(root)).toBeUndefined();
    const held = run("hold", "161/udp", "--share", "--json", ...at, "--unit", "snmpd");
    const said = JSON.parse(held.stdout);
    expect({ status: held.status, ...said }).toMatchObject({
      status: 0,
      shared: ["snmpd.service"],
      ports: [
        { answer: "shared", text: "can be held: 'snmpd.service' gets SO_REUSEADDR by the share library", hint: null },
      ],
    });
    expect(schemaFaults("hold", said)).toEqual([]);
    expect([settingOf(root), ports(root)]).toEqual([`/a.so:${SHARE}`, "161/udp"]);
    expect(JSON.parse(run("hold", "161/udp", "--share", "--json", ...at, "--unit", "snmpd").stdout).result).toBe(
      "unchanged",
    );
    expect(run("hold", "162/udp", "--share", ...at, "--unit", "snmpd.service").status).toBe(0);
    expect(ports(root)).toBe("161/udp 162/udp");

    expect(run("install", ...at, "--unit", "snmpd").status).toBe(0);
    expect([settingOf(root), ports(root)]).toEqual([`${SHIM}:/a.so:${SHARE}`, "161/udp 162/udp"]);
    // The last port that is held counts.
    expect(run("unhold", "161/udp", ...at).status).toBe(0);
    expect(settingOf(root)).toBe(`${SHIM}:/a.so:${SHARE}`);
    expect(run("uninstall", ...at, "--unit", "snmpd").status).toBe(0);
    expect(settingOf(root)).toBe(`/a.so:${SHARE}`);
    expect(run("install", ...at, "--unit", "snmpd").status).toBe(0);
    const gone = run("unhold", "snmp", "--json", ...at);
    expect(JSON.parse(gone.stdout)).toMatchObject({ outcome: "done", unshared: ["snmpd.service"] });
    expect(schemaFaults("unhold", JSON.parse(gone.stdout))).toEqual([]);
    expect(settingOf(root)).toBe(`${SHIM}:/a.so`);
    expect(run("uninstall", ...at, "--unit", "snmpd").status).toBe(0);
    expect(existsSync(path.dirname(path.join(root, DROP_IN)))).toBe(false);
  });

  test("unhold removes a drop-in that is there for nothing else, and a whole uninstall all of them", () => {
    const root = imageOf(UNITS);
    const at = ["--root", root] as const;
    // Held ports keep their word, and folders may stay.
    const files = (): readonly string[] =>
      withoutLock(treeOf(root))
        .split("\n")
        .filter((line) => !/ folder |\/etc\/portreserve\/snmp /.test(line));
    const before = files();
    run("install", ...at);
    expect(run("hold", "161/udp", "--share", ...at, "--unit", "snmpd").status).toBe(0);
    const unheld = run("unhold", "snmp", ...at);
    expect(unheld).toMatchObject({ status: 0, stdout: expect.stringContaining(`removed: '/${DROP_IN}'\n`) });
    expect(existsSync(path.dirname(path.join(root, DROP_IN)))).toBe(false);

    run("hold", "161/udp", "--share", ...at, "--unit", "snmpd", "held");
    run("install", ...at, "--unit", "held");
    // Another unit still has the shim: that stays, and what holds goes.
    const kept = run("uninstall", ...at);
    expect(kept).toMatchObject({
      status: 0,
      stderr: expect.stringContaining("held.service.d/50-portreserve.conf' uses the shim"),
    });
    expect(settingOf(root)).toBeUndefined();
    expect(
      readFileSync(path.join(root, "etc/systemd/system/held.service.d/50-portreserve.conf"), "latin1"),
    ).not.toContain("share");
    expect(run("uninstall", ...at, "--unit", "held").status).toBe(0);
    expect(files()).toEqual(before);
  });

  test("nothing is changed where the library would not reach the program, or a unit is not there", () => {
    const root = imageOf(UNITS);
    const at = ["--root", root] as const;
    run("install", ...at);
    mkdirSync(path.join(root, "usr/sbin"), { recursive: true });
    const before = withoutLock(treeOf(root));
    const errors = (...words: readonly string[]): string => run("hold", "161/udp", ...words, ...at).stderr;
    expect(errors("--share", "--unit", "nosuch")).toContain(
      "there is no service 'nosuch.service'; nothing was changed",
    );
    expect(errors("--share")).toContain("hint: name the service that is its owner with --unit");
    expect(errors("--share", "--block")).toContain("'--share' and '--block' exclude each other");
    expect(errors("--now")).toContain("'--now' needs '--share'");
    expect(errors("--unit", "snmpd")).toContain("'--unit' needs '--share'");
    expect(withoutLock(treeOf(root))).toBe(before);
    // portreserve-hold is a static program.
    copyFileSync(path.join(stagedNatives(), "portreserve-hold"), path.join(root, "usr/sbin/snmpd"));
    const fixed = run("hold", "161/udp", "--share", ...at, "--unit", "snmpd");
    expect(fixed).toMatchObject({
      status: 5,
      stderr: expect.stringContaining(
        "'/usr/sbin/snmpd' of 'snmpd.service' is statically linked, so it preloads nothing; nothing was changed\nhint: leave its port reserved",
      ),
    });
    expect(settingOf(root)).toBeUndefined();
  });
});

describe("the gate's answer", () => {
  const user = (more: Partial<PortUser> = {}): PortUser => ({
    name: "snmpd",
    pid: 7,
    unit: "snmpd.service",
    isStatic: false,
    ...more,
  });
  const answer = (kind: Answer["answer"], users: readonly PortUser[] = [], port = 161): Answer => ({
    ...{ port, protocol: "udp", exact: true, answer: kind, text: "as it was", hint: "as it was", users },
  });
  const changed = (one: Answer, ...named: readonly string[]) => {
    const { answers, wanted } = shareAnswers([one], named);
    return [answers[0]?.answer, answers[0]?.hint, Object.fromEntries(wanted)];
  };
  const gets = { "snmpd.service": ["161/udp"] };

  test.each<[string, Answer, readonly string[], readonly unknown[]]>([
    ["an owner without the flag", answer("alone", [user()]), [], ["shared", undefined, gets]],
    ["the same, named", answer("alone", [user()]), ["snmpd.service"], ["shared", undefined, gets]],
    [
      "another unit that is named",
      answer("alone", [user()]),
      ["cups.service"],
      ["alone", "it is 'snmpd.service' that has the port: add --unit snmpd.service", {}],
    ],
    [
      "an instance of the template that is named",
      answer("alone", [user({ unit: "a@1.service" })]),
      ["a@.service"],
      ["shared", undefined, { "a@.service": ["161/udp"] }],
    ],
    [
      "one of no service among others",
      answer("alone", [user(), user({ name: "x", pid: 8, unit: "session-1.scope" })]),
      [],
      ["alone", "x 8 is of no service: start it by one, and run this again", {}],
    ],
    ["a static program", answer("alone", [user({ isStatic: true })]), [], ["alone", "as it was", {}]],
    ["the kernel", answer("alone", [user({ pid: undefined })]), [], ["alone", "as it was", {}]],
    [
      "a port of no table",
      answer("alone", [user()], 1024),
      [],
      ["alone", "the share library goes by the table, which ends at port 1023: leave the port as it is", {}],
    ],
    ["an owner that is down, named", answer("down"), ["snmpd.service"], ["shared", undefined, gets]],
    [
      "an owner that is down",
      answer("down"),
      [],
      ["down", "name the service that is its owner with --unit, or start it and run this again", {}],
    ],
    ["what has the word, named", answer("already"), ["snmpd.service"], ["already", "as it was", gets]],
    ["what has the word", answer("already"), [], ["already", "as it was", {}]],
    ["an owner with the flag, named", answer("can"), ["snmpd.service"], ["can", "as it was", {}]],
    ["what cannot be seen, named", answer("unknown"), ["snmpd.service"], ["unknown", "as it was", {}]],
    ["a thief, named", answer("stolen"), ["snmpd.service"], ["stolen", "as it was", {}]],
  ])("of %s", (_, one, named, expected) => {
    expect(changed(one, ...named)).toEqual(expected);
  });
});
