// What migrate does, by what of the old daemon is there and who starts it: a row for each case.
import { expect, test } from "vitest";
import {
  endsDaemon,
  type FoundDaemon,
  isNothing,
  planMigration,
  type UnitState,
} from "../../src/commands/migrate/plan.ts";
import { leftMessages, plannedLine, rangeMessages, uncoveredMessages } from "../../src/commands/migrate/words.ts";
import { assess } from "../../src/coverage/assess.ts";
import type { OldDaemon, OldProcess } from "../../src/observe/old-daemon/read-old-daemon.ts";

import { bare, facts, process } from "./coverage-facts.ts";

const NOTHING: OldDaemon = {
  programs: [],
  scripts: [],
  links: [],
  units: [],
  processes: [],
  callers: [],
  isPackaged: false,
};
const running = (unit: string | undefined, pid = 112): OldProcess => ({
  pid,
  program: "/usr/sbin/portreserve",
  startedAt: 5,
  unit,
});
const OURS = "portreserve.service";
const OTHER = "old-ports.service";
const LINKS = ["/etc/rc2.d/S01portreserve", "/etc/rc5.d/S17portreserve"];
const DEBIAN: OldDaemon = {
  ...NOTHING,
  programs: ["/usr/sbin/portreserve"],
  scripts: ["/etc/init.d/portreserve"],
  links: LINKS,
  isPackaged: true,
};
const state = (activeState = "inactive", change: Partial<UnitState> = {}): UnitState => ({
  fileState: "enabled",
  activeState,
  mainPid: 0,
  ...change,
});
const systemd = (change: Readonly<Record<string, UnitState>> = {}): FoundDaemon["states"] =>
  new Map(Object.entries({ [OURS]: state(), ...change }));

function plan(daemon: Partial<OldDaemon>, change: Partial<FoundDaemon> = {}): readonly string[] {
  const found: FoundDaemon = {
    daemon: { ...DEBIAN, ...daemon },
    states: systemd(),
    ours: true,
    unitFolder: "/etc/systemd/system",
    ...change,
  };
  return planMigration(found).map(plannedLine);
}

const END = "would end process 112 by SIGTERM";
const RUN = `would let '${OURS}' run, which systemd takes the old daemon for`;
const RENAME = [
  "would rename '/etc/rc2.d/S01portreserve' to 'K01portreserve'",
  "would rename '/etc/rc5.d/S17portreserve' to 'K17portreserve'",
];

test("ends what systemd takes for our unit, lets that run, and leaves the links of the runlevels, which ours hides", () => {
  expect(plan({ processes: [running(OURS)] }, { states: systemd({ [OURS]: state("active") }) })).toEqual([END, RUN]);
});

test("lets our unit run where the script was started and had nothing to hold", () => {
  expect(plan({}, { states: systemd({ [OURS]: state("active") }) })).toEqual([RUN]);
});

test("does nothing where our unit is active by its own program", () => {
  expect(plan({}, { states: systemd({ [OURS]: state("active", { mainPid: 73 }) }) })).toEqual([]);
});

test("does nothing again", () => {
  expect(plan({})).toEqual([]);
});

test("ends one that somebody has started by hand, and leaves our unit alone", () => {
  expect(plan({ processes: [running("session-3.scope"), running(undefined, 113)] })).toEqual([
    END,
    "would end process 113 by SIGTERM",
  ]);
});

test("renames the links where systemd does not run", () => {
  expect(plan({ processes: [running(undefined)] }, { states: undefined, ours: false })).toEqual([...RENAME, END]);
  expect(plan({ links: [] }, { states: undefined, ours: false })).toEqual([]);
});

test("renames them too where systemd would make a unit of the script, since ours is not there", () => {
  const states = systemd({ [OURS]: state("active", { fileState: "generated" }) });
  expect(plan({ processes: [running(OURS)] }, { states, ours: false })).toEqual([...RENAME, `would stop '${OURS}'`]);
});

test("disables the unit of its package where ours is not there: masked it could never be ours", () => {
  const daemon = { links: [], scripts: [], units: [`/usr/lib/systemd/system/${OURS}`], processes: [running(OURS)] };
  const states = systemd({ [OURS]: state("active", { mainPid: 112 }) });
  expect(plan(daemon, { states, ours: false })).toEqual([`would disable '${OURS}'`, `would stop '${OURS}'`]);
  expect(plan(daemon, { states })).toEqual([END, RUN]);
});

test.each([
  ["masks", "/usr/lib/systemd/system", "enabled", [`would mask '${OTHER}'`, `would stop '${OTHER}'`]],
  ["masks what others may start", "/run/systemd/system", "static", [`would mask '${OTHER}'`, `would stop '${OTHER}'`]],
  ["disables", "/etc/systemd/system", "enabled", [`would disable '${OTHER}'`, `would stop '${OTHER}'`]],
  ["only stops, since it is disabled,", "/etc/systemd/system", "disabled", [`would stop '${OTHER}'`]],
  ["only stops, since it is masked,", "/usr/lib/systemd/system", "masked", [`would stop '${OTHER}'`]],
])("%s a unit of another name in %s", (_, folder, fileState, steps) => {
  const daemon = { units: [`${folder}/${OTHER}`], processes: [running(OTHER)] };
  expect(plan(daemon, { states: systemd({ [OTHER]: state("active", { fileState, mainPid: 112 }) }) })).toEqual(steps);
});

test("knows which steps let ports go", () => {
  expect(endsDaemon([{ kind: "end", process: running(undefined) }])).toBe(true);
  expect(endsDaemon([{ kind: "stop", unit: OTHER }])).toBe(true);
  expect(endsDaemon([{ kind: "run", unit: OURS }])).toBe(false);
});

test("finds nothing where only portrelease is still called", () => {
  expect(isNothing({ ...NOTHING, callers: [{ file: "/etc/init.d/cups", call: "optional" }] })).toBe(true);
  expect(isNothing({ ...NOTHING, links: LINKS })).toBe(false);
});

test("says who still calls portrelease, and what fails without it before its package may go", () => {
  const file = "/etc/systemd/system/slapd.service.d/release.conf";
  const said = (callers: OldDaemon["callers"]): readonly string[] =>
    leftMessages({ ...DEBIAN, callers }).map(({ severity, message, hint }) => `${severity}: ${message} → ${hint}`);
  expect(said([])).toEqual([
    "note: the old daemon's files are still there; nothing needs them → 'sudo apt-get remove portreserve' takes them away",
  ]);
  expect(said([{ file, call: "needed" }])).toEqual([
    `note: '${file}' calls portrelease, which then does nothing and succeeds → undefined`,
    `warning: '${file}' has its unit fail once portrelease is gone with the old daemon's package → before that, take the line out, or write '-' before its path`,
    "note: the old daemon's files are still there; nothing needs them → undefined",
  ]);
});

test("says which lines mean more ports than they did", () => {
  const row = (line: number, port: number, protocol: "tcp" | "udp") =>
    ({ owner: "x", file: "/etc/portreserve/x", line, port, protocol, kind: "reserve" }) as const;
  const rows = [row(1, 631, "tcp"), row(1, 631, "udp"), row(2, 608, "tcp"), row(2, 610, "tcp"), row(2, 609, "tcp")];
  expect(rangeMessages(rows).map(({ message }) => message)).toEqual([
    "'/etc/portreserve/x:2' reserves 608 to 610; the old daemon held 608 alone",
  ]);
});

test("warns of programs that have no shim, which could take what the daemon lets go", () => {
  const warned = (...processes: ReturnType<typeof process>[]): readonly string[] => {
    const host = facts({ processes });
    return uncoveredMessages({ facts: host, coverage: assess(host), diagnostics: [] }).map(({ message }) => message);
  };
  const covered = process();
  expect(warned(covered)).toEqual([]);
  expect(warned(covered, bare({ pid: 641 }))).toEqual([
    "1 allocator that is running is not covered, and can take a port that the old daemon lets go",
  ]);
});
