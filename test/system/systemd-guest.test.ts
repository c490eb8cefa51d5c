// Real services of a real systemd: what systemctl answers, what reaches a program, and what does not.
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { entryOf, findEntry, parseManagerEnvironment } from "../../src/core/systemd/environment.ts";
import { fromShow } from "../../src/core/systemd/from-show.ts";
import { serviceUnit } from "../../src/core/systemd/unit-texts.ts";
import { whyNoEffect } from "../../src/core/systemd/why-no-effect.ts";
import type { SystemctlResult } from "../../src/system/host/systemd.ts";
import { UNIT_FOLDER } from "../../src/system/paths.ts";
import { named } from "../support/can.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { NODE, STAGE } from "../support/stage/stage.ts";
import { CASES, filesOf, names, program, SHIM, unitOf } from "./systemd-cases.ts";

const ODD = String.raw`[Service]
Type=oneshot
Environment="A=b c" 'B=$q${"`"}"x\\y' C=%% "D=\n\x01\x7f" "E=é;*" "LD_PRELOAD=/usr/$LIB/x.so /y" F=
EnvironmentFile=-/run/x y
EnvironmentFile=/run/a"b
ExecStart=/bin/true a b
ExecStart=-@/bin/false "c ; d"
`;

const reason = noGuest();

describe.skipIf(reason !== undefined)(named("in a guest", reason), () => {
  let guest: Guest;

  beforeAll(async () => {
    const files = names.flatMap((name) => [
      ...filesOf(name).map((file) => [file.path, file.text] as const),
      ...(CASES[name]?.environmentFiles ?? []).map(
        (text, index) => [`/root/cases/${path.basename(unitOf(name), ".service")}.${index}`, text] as const,
      ),
    ]);
    guest = await bootGuest({
      files: {
        ...Object.fromEntries(files),
        [`${UNIT_FOLDER}/odd.service`]: ODD,
        [`${UNIT_FOLDER}/odd.service.d/a b.conf`]: "[Service]\nUser=daemon\nRootDirectory=/srv\n",
        [`${UNIT_FOLDER}/sleeper.service`]: "[Service]\nExecStart=/bin/sleep 1000\n",
        [`${UNIT_FOLDER}/slow.service`]: "[Service]\nType=oneshot\nExecStart=/bin/sleep 1000\n",
        [`${UNIT_FOLDER}/bad.service`]: "[Service]\nType=oneshot\nExecStart=/bin/false\n",
        [`${UNIT_FOLDER}/many@.service`]: "[Service]\nEnvironment=I=%i LD_PRELOAD=/a.so\nExecStart=/bin/true\n",
        [`${UNIT_FOLDER}/sleeper@.service`]: "[Service]\nExecStart=/bin/sleep 1000\n",
      },
    });
    await guest.output("cp -r /root/cases /run/cases; cp /usr/bin/env /opt/setuid-env; chmod 4755 /opt/setuid-env");
  });

  afterAll(async () => {
    await guest?.stop();
  });

  /** Calls a function of system/host/systemd.ts there. */
  async function call<T>(name: string, ...args: readonly (string | readonly string[])[]): Promise<T> {
    return inside("process.stdout.write(JSON.stringify(systemd[process.argv[1]](...JSON.parse(process.argv[2]))))", [
      name,
      JSON.stringify(args),
    ]);
  }

  /** `through` is a command that runs the one that follows it. */
  async function inside<T>(code: string, args: readonly string[], through = ""): Promise<T> {
    const script = `node=$1; shift; ${through} "$node" --input-type=module -e "$@"`;
    const load = `import * as systemd from ${JSON.stringify(`${STAGE}/dist/system/host/systemd.js`)};`;
    return JSON.parse(await guest.output(script, { args: [NODE, `${load}${code}`, "--", ...args] })) as T;
  }

  async function show(unit: string) {
    const shown = await call<SystemctlResult>("showUnit", unit);
    return fromShow(shown.outcome === "done" ? shown.output : "")[0];
  }

  test("reads from systemctl what a unit with odd values is", async () => {
    expect(await show("odd.service")).toMatchObject({
      id: "odd.service",
      loadState: "loaded",
      activeState: "inactive",
      mainPid: undefined,
      fragmentPath: `${UNIT_FOLDER}/odd.service`,
      dropInPaths: [`${UNIT_FOLDER}/odd.service.d/a b.conf`],
      environment: ["A=b c", 'B=$q`"x\\y', "C=%", "D=\n\x01\x7f", "E=é;*", "LD_PRELOAD=/usr/$LIB/x.so /y", "F="].map(
        (text) => entryOf(text),
      ),
      environmentFiles: [
        { path: "/run/x y", optional: true },
        { path: '/run/a"b', optional: false },
      ],
      rootDirectory: "/srv",
      rootImage: undefined,
      user: "daemon",
      execStart: ["/bin/true", "/bin/false"],
    });
  });

  test("has an answer for a unit that is not there, and systemctl's words for a name that it refuses", async () => {
    expect(await show("nope.service")).toMatchObject({
      id: "nope.service",
      loadState: "not-found",
      fragmentPath: undefined,
    });
    expect(await show("many@portreserve.service")).toMatchObject({
      loadState: "loaded",
      fragmentPath: `${UNIT_FOLDER}/many@.service`,
      environment: [entryOf("I=portreserve"), entryOf("LD_PRELOAD=/a.so")],
    });
    expect(await call("showUnit", "many@.service")).toEqual({
      outcome: "failed",
      reason: "Failed to get properties: Unit name many@.service is neither a valid invocation ID nor unit name.",
    });
  });

  test.each(names)("LD_PRELOAD arrives or does not, as foretold: %s", async (name) => {
    const unit = unitOf(name);
    const { arrives, environmentFiles = [], setuid = false } = CASES[name] ?? {};
    await guest.output(`systemctl start ${unit}`);
    const environment = await guest.output(`cat /run/cases/${unit}`);
    expect(/^LD_PRELOAD=(.*)$/m.exec(environment)?.[1]).toBe(arrives);
    expect(environment).toMatch(/^INVOCATION_ID=/m);
    const obstacles = whyNoEffect({
      unit,
      library: SHIM,
      kind: "shim",
      files: filesOf(name),
      environmentFiles: environmentFiles.map((text, index) => ({ path: `/${index}`, text })),
      programs: [{ path: program(name), setuid, capabilities: false, static: false }],
      selinux: false,
    });
    expect(obstacles.length > 0).toBe(!arrives?.includes(SHIM));
  });

  test("starts a compiling service whose node and manager have odd paths", async () => {
    const folder = "/opt/a b 50%n $HOME/#é;$x";
    const unit = serviceUnit({ node: `${folder}/node`, manager: `${folder}/'"\\manager.mjs` });
    await guest.output(`mkdir -p '${folder}'`);
    await guest.write(
      `${folder}/node`,
      '#!/bin/sh\nfor word in "$0" "$@"; do echo "[$word]"; done > /run/words\nexit 1\n',
    );
    await guest.output(`chmod 755 '${folder}/node'`);
    await guest.write(`${UNIT_FOLDER}/portreserve.service`, unit);
    expect(await call("daemonReload")).toEqual({ outcome: "done", output: "" });
    expect(await call("startNow", ["portreserve.service"], "finish")).toEqual({ outcome: "done", output: "" });
    expect(await guest.output("cat /run/words")).toBe(
      `[${folder}/node]\n[${folder}/'"\\manager.mjs]\n[compile]\n[--settle]\n`,
    );
  });

  test("does not wait for a unit that is only queued", async () => {
    expect(await call("startNow", ["slow.service"], "queue")).toEqual({ outcome: "done", output: "" });
    expect(await show("slow.service")).toMatchObject({ activeState: "activating" });
    expect(await call("stopNow", ["slow.service"], "finish")).toEqual({ outcome: "done", output: "" });
    expect(await show("slow.service")).toMatchObject({ activeState: "failed" });
  });

  test("starts and stops several units at once", async () => {
    const units = ["sleeper.service", "sleeper@other.service"];
    const states = async () => Promise.all(units.map(async (unit) => (await show(unit))?.activeState));
    expect(await call("startNow", units, "finish")).toEqual({ outcome: "done", output: "" });
    expect(await states()).toEqual(["active", "active"]);
    expect(await call("stopNow", units, "finish")).toEqual({ outcome: "done", output: "" });
    expect(await states()).toEqual(["inactive", "inactive"]);
  });

  test("restarts what runs, and nothing else", async () => {
    expect(await call("tryRestart", "sleeper.service")).toEqual({ outcome: "done", output: "" });
    expect(await show("sleeper.service")).toMatchObject({ activeState: "inactive", mainPid: undefined });
    await call("startNow", ["sleeper.service"], "finish");
    const first = await show("sleeper.service");
    await call("tryRestart", "sleeper.service");
    const second = await show("sleeper.service");
    expect([first?.activeState, second?.activeState]).toEqual(["active", "active"]);
    expect(second?.mainPid).toBeGreaterThan(first?.mainPid ?? 0);
  });

  test("gives systemctl's own words for what fails", async () => {
    expect(await call("startNow", ["bad.service"], "finish")).toEqual({
      outcome: "failed",
      reason: expect.stringMatching(
        /^Job for bad\.service failed because the control process exited with error code\.; See /,
      ),
    });
    expect(await call("startNow", ["nope.service"], "finish")).toEqual({
      outcome: "failed",
      reason: "Failed to start nope.service: Unit nope.service not found.",
    });
  });

  test("reads what the manager gives to every service", async () => {
    await guest.output(`systemctl set-environment "A=b c" 'LD_PRELOAD=/usr/$LIB/x.so:/y'"'z"`);
    const shown = await call<SystemctlResult>("showManagerEnvironment");
    await guest.output("systemctl unset-environment A LD_PRELOAD");
    const entries = parseManagerEnvironment(shown.outcome === "done" ? shown.output : "");
    expect([findEntry(entries, "A"), findEntry(entries, "LD_PRELOAD")]).toEqual([
      entryOf("A=b c"),
      entryOf("LD_PRELOAD=/usr/$LIB/x.so:/y'z"),
    ]);
  });

  test("tells where systemd runs, and says that there is no systemctl", async () => {
    const ask = "process.stdout.write(JSON.stringify([systemd.systemdRuns('/'), systemd.systemdRuns('/srv')]))";
    expect(await inside(ask, [])).toEqual([true, false]);
    const hidden = "unshare --mount sh -c 'mount -t tmpfs none /run/systemd && exec \"$@\"' sh";
    expect(await inside(ask, [], hidden)).toEqual([false, false]);
    const reload = "process.stdout.write(JSON.stringify(systemd.daemonReload()))";
    const away = `sh -c 'cd /usr/bin; mv systemctl away; "$@"; mv away systemctl' sh`;
    expect(await inside(reload, [], away)).toEqual({
      outcome: "missing",
      reason: "there is no systemctl on this host",
    });
    expect(await inside(reload, [])).toEqual({ outcome: "done", output: "" });
  });
});
