// Services that have the shim's twin: no table is asked, and what it gives is above 1023 as far as the kernel chooses so.
import { describe, expect, test } from "vitest";
import { assess } from "../../src/coverage/assess.ts";
import type { HostFacts, ProcessFacts } from "../../src/coverage/facts.ts";
import type { UnitFacts } from "../../src/coverage/unit-facts.ts";
import { type Change, elf, facts, MARKER, OBJECTS, process, program, unit } from "./coverage-facts.ts";
import { verdicts } from "./coverage-verdicts.ts";

const MARK = "portreserve 0.4.0 high ports";
const FILE = "/usr/lib/portreserve/libportreserve-high.so";
const objects = {
  ...OBJECTS,
  high: { path: FILE, elf: elf({ marker: MARK, defines: ["bindresvport", "rresvport"] }) },
};
const twin: NonNullable<HostFacts["setup"]["highLibraries"]>[number] = {
  abi: "x86_64",
  path: FILE,
  state: "current",
  key: "high",
  marker: MARK,
  isHigh: true,
};
const { setup } = facts();
const NO_LIST = { namesShim: false, since: undefined };
const NO_TABLE = { ...setup.table, state: "missing" as const, tcp: [], udp: [] };

function host(change: Change = {}, ofUnit: Partial<UnitFacts> = {}): HostFacts {
  const ypbind = unit("ypbind.service", { hasDropIn: true, highPorts: true, ...ofUnit });
  return facts({
    objects,
    processes: [],
    sockets: [],
    units: [ypbind],
    ...change,
    setup: { list: NO_LIST, highLibraries: [twin], ...change.setup },
  });
}

const high = (change: Partial<ProcessFacts> = {}): ProcessFacts =>
  process({ objects: ["ypbind", "libc", "high"], mappedTable: undefined, preload: true, ...change });
const both = (first: string, second: string): ProcessFacts =>
  high({ objects: ["ypbind", "libc", "high", "shim"], lookup: [first, second, "libc"] });
const runs = (one: ProcessFacts, change: Change = {}): string[] => verdicts(host({ ...change, processes: [one] }));
const would = (change: Change = {}, ofUnit: Partial<UnitFacts> = {}): string[] =>
  verdicts(host({ programs: [program()], ...change }, ofUnit));

const COVERED = "covered (covered): with ports above 1023 alone";
const NO_FORCE = "not covered (in-force): there is no table in force → portreservectl compile";

describe("a process", () => {
  test("is covered with the twin, and needs no table for it, as the shim does", () => {
    expect(runs(high())).toEqual([COVERED]);
    expect(runs(high({ table: "none" }), { setup: { table: NO_TABLE } })).toEqual([COVERED]);
    expect(runs(high({ table: "other" }))).toEqual([COVERED]);
    expect(runs(process(), { setup: { table: NO_TABLE } }), "control").toEqual([`${NO_FORCE}`]);
  });

  test("has what stands first, of both", () => {
    const nothing = { setup: { table: NO_TABLE, list: setup.list } };
    expect(runs(both("high", "shim"), nothing)).toEqual([COVERED]);
    expect(runs(both("shim", "high"), nothing)).toEqual([`${NO_FORCE}`]);
    // Without the loader's order nobody knows.
    const { lookup: _, ...unseen } = both("high", "shim");
    expect(runs(unseen, nothing)).toEqual([`${NO_FORCE}`]);
  });

  test("is not covered where the kernel may choose a port below 1024", () => {
    const kernel = (localPortsFrom?: number): Change => ({
      kernel: { unprivilegedPortStart: 0, ...(localPortsFrom === undefined ? {} : { localPortsFrom }) },
    });
    expect(runs(high(), kernel(32768))).toEqual([COVERED]);
    expect(runs(high(), kernel(600))).toEqual([
      "not covered (high-ports): the kernel chooses ports from 600 up → sysctl -w net.ipv4.ip_local_port_range='32768 60999'",
    ]);
    expect(runs(high(), kernel())).toEqual([
      "unknown (high-ports): from which port on the kernel chooses cannot be seen",
    ]);
  });

  test("is covered by an older twin, and not by what only stands beside another library", () => {
    const old = { ...objects, high: { ...objects.high, path: `${FILE} (deleted)` } };
    const older = { ...old, high: { ...old.high, elf: elf({ marker: "portreserve 0.3.0 high ports" }) } };
    const replaced = { setup: { highLibraries: [{ ...twin, key: "another" }] }, objects: older };
    expect(runs(high(), replaced)).toEqual([
      "covered (covered): by an older library (0.3.0); restart to update → systemctl restart ypbind.service",
    ]);
    const behind = high({ objects: ["ypbind", "wrapper", "libc", "high"], lookup: ["wrapper", "high", "libc"] });
    expect(runs(behind)).toEqual([
      "not covered (order): its 'libsocks.so' stands before the shim, and has a bindresvport of its own → portreservectl install --unit ypbind.service --high-ports --now",
    ]);
  });
});

describe("a program that would be started", () => {
  const WILL = "covered (covered): when it starts, with ports above 1023 alone";

  test("is covered by its drop-in, with the list and without, and without a table", () => {
    expect(would()).toEqual([WILL]);
    expect(would({ setup: { list: setup.list } })).toEqual([WILL]);
    expect(would({ setup: { table: NO_TABLE } })).toEqual([WILL]);
    expect(would({ setup: { table: NO_TABLE } }, { highPorts: undefined as never }), "control").toEqual([
      `${NO_FORCE}`,
    ]);
  });

  test("is not where the drop-in is defeated, but by the shim of the list", () => {
    const dropInObstacle = { certain: true, reason: "its file sets it", hint: "take the line out" };
    expect(would({}, { dropInObstacle })).toEqual(["not covered (installed): its file sets it → take the line out"]);
    expect(would({ setup: { list: setup.list } }, { dropInObstacle })).toEqual(["covered (covered): when it starts"]);
  });

  test("is not where the twin is missing, but by the shim of the list", () => {
    const missing = [{ ...twin, state: "missing" as const, key: undefined, marker: undefined }];
    expect(would({ setup: { highLibraries: missing } })).toEqual([
      "not covered (installed): no library for x86_64 is installed → portreservectl install",
    ]);
    expect(would({ setup: { highLibraries: missing, list: setup.list } })).toEqual([
      "covered (covered): when it starts",
    ]);
  });

  test("is unknown where its drop-in is out of date, and the command that mends it keeps the ports high", () => {
    expect(would({}, { dropInStale: "it says another thing" })).toEqual([
      "unknown (drop-in): it says another thing → portreservectl install --unit ypbind.service --high-ports",
    ]);
  });
});

test("the host says which services have high ports, and whether their library is this version's", () => {
  const answers = (change: Change = {}, ofUnit: Partial<UnitFacts> = {}) =>
    assess(host(change, ofUnit)).answers.filter(({ id }) => id === "preload" || id.startsWith("library-"));
  expect(answers().map(({ id, answer }) => `${id}: ${answer}`)).toEqual([
    "preload: only into ypbind.service, by drop-ins; high ports for ypbind.service",
    "library-x86_64: yes",
    "library-high-x86_64: yes",
  ]);
  const differs = { setup: { list: setup.list, highLibraries: [{ ...twin, state: "differs" as const }] } };
  expect(answers(differs).map(({ id, answer }) => `${id}: ${answer}`)).toEqual([
    "preload: into every program, by the preload list; high ports for ypbind.service",
    "library-x86_64: yes",
    "library-high-x86_64: it is another one",
  ]);
  // Nobody asks where nobody has it.
  expect(answers(differs, { highPorts: undefined as never }).map(({ id }) => id)).toEqual([
    "preload",
    "library-x86_64",
  ]);
});

test("the shim in the twin's place is judged as the shim", () => {
  const swapped = { setup: { highLibraries: [{ ...twin, state: "differs" as const, marker: MARKER }] } };
  expect(would(swapped)).toEqual(["covered (covered): when it starts"]);
  expect(would({ setup: { ...swapped.setup, table: NO_TABLE } })).toEqual([NO_FORCE]);
});
