// What status says of a coverage made by hand: the screen, the metrics, the document.
import { describe, expect, test } from "vitest";
import { figuresOf } from "../../src/commands/coverage/figures.ts";
import { statusJson } from "../../src/commands/status/json.ts";
import { statusMetrics } from "../../src/commands/status/metrics.ts";
import { statusBlocks } from "../../src/commands/status/text.ts";
import { CHECKS } from "../../src/coverage/allocator-checks.ts";
import type { Coverage, PortHold } from "../../src/coverage/coverage.ts";
import type { HostFacts } from "../../src/coverage/facts.ts";
import { prometheusText } from "../../src/report/prometheus.ts";
import { renderJson, renderText } from "../../src/report/render.ts";
import { allocator, coverage, facts, HOUR, holder, NOW, port, thief } from "../support/coverage-sample.ts";
import { metricFaults } from "../support/metrics-lint.ts";
import { schemaFaults } from "../support/schema.ts";

const screen = (shown: Coverage, verbose = false, of: Pick<HostFacts, "setup" | "time"> = facts): string => {
  const body = statusBlocks({ facts: of, coverage: shown, figures: figuresOf(shown), verbose });
  const report = { command: "status", outcome: "done", diagnostics: [], body, data: {} } as const;
  return renderText(report, { verbose, color: { out: false, err: false } }).out;
};

describe("the screen", () => {
  test("shows the protection, the allocators, the ports and the hints", () => {
    expect(screen(coverage)).toBe(`\
4 ports reserved for 3 services · 6 of 10 allocators covered, 2 unknown · 1 port stolen

  table     /etc/portreserve.table  fresh, generation 4, compiled 2 hours ago
  preload   /etc/ld.so.preload      into every program, for 3 days, x86_64 and i386
  watchers  –                       x.path is failed → systemctl restart x

ALLOCATOR    PID                  VIA                                    VERDICT
ypbind       640                  bindresvport_sa, rresvport and 1 more  not covered: started before the install → systemctl restart ypbind
NFS client   –                    kernel, 665–1023                       not covered: 993 reserved in its range → mount with noresvport
2 processes  –                    –                                      unknown: permission denied → run it as root
rpc.statd    812                  bindresvport                           covered
sshd         900, 901 and 2 more  bindresvport                           covered
1 program that does not run now: covered when started
harmless to this host: 1 process in a network of its own, 4 processes without the right to privileged ports

PORT     RESERVED FOR  HELD BY
631/tcp  cups          cupsd 1201
631/udp  cups          ypbind 640         STOLEN
873/tcp  rsync         –                  not in the table
993/tcp  mail          permission denied  unknown
hint: 'ypbind' holds 631/udp → restart ypbind, then cups-browsed
`);
  });

  test("lists everything with --verbose", () => {
    const lines = screen(coverage, true).split("\n");
    expect(lines.filter((line) => line.startsWith("sshd")).length).toBe(4);
    expect(lines).toContainEqual(expect.stringMatching(/^mount\.nfs +– +bindresvport +covered$/));
    expect(lines.join("\n")).toContain("bindresvport_sa, rresvport, rresvport_af");
  });

  test("counts what is free and covered where there is much of it", () => {
    const many = screen({
      ...coverage,
      allocators: Array.from({ length: 40 }, (_, at) => allocator(`d${at}`, 1000 + at)),
      ports: [...coverage.ports, ...Array.from({ length: 60 }, (_, at) => port(700 + at, "tcp"))],
    });
    expect(many).toContain("25 more: covered; --verbose lists them\n");
    expect(many).toContain("\n60 more ports are reserved and free\n");
    expect(many).toMatch(/\n631\/udp .* STOLEN\n/);
    expect(many.split("\n").length).toBeLessThan(35);
  });

  test("says what is bad about the table and the list, once", () => {
    const hint = "portreservectl install";
    const { table: _, ...setup } = facts.setup;
    const missing = { state: "missing", tcp: [], udp: [], retired: false, readableByAll: false } as const;
    const bare: Coverage = {
      ...coverage,
      answers: [
        { id: "table", question: "", state: "bad", answer: "there is none", hint: "portreservectl compile" },
        { id: "preload", question: "", state: "bad", answer: "not installed", hint },
        { id: "library-i386", question: "", state: "bad", answer: "it is not installed", hint },
      ],
      allocators: [],
      ports: [],
      excluded: { otherNetworks: 0, powerless: 0 },
      hints: [],
      owners: 0,
    };
    expect(screen(bare, false, { time: NOW, setup: { ...setup, table: missing } })).toBe(`\
0 ports reserved for 0 services · 0 of 0 allocators covered · nothing stolen

  table    /etc/portreserve.table  missing → portreservectl compile
  preload  /etc/ld.so.preload      not installed → portreservectl install

nothing that hands out privileged ports was found

no port is reserved
`);
  });

  test("says of each port that is to be held who has it, or why it is not", () => {
    const hold = (state: PortHold["state"], kind: PortHold["kind"] = "hold"): PortHold => ({
      kind,
      state,
      reason: state === "held" ? undefined : "WHY",
      hint: state === "not held" ? "CURE" : undefined,
    });
    const ports = [
      port(700, "tcp", { state: "held", holders: [holder("cupsd", 1201)], hold: hold("held") }),
      port(701, "tcp", { hold: hold("held") }),
      port(702, "tcp", { hold: hold("held", "block") }),
      port(703, "tcp", { state: "stolen", holders: [holder("ypbind", 640, thief)], hold: hold("refused") }),
      port(704, "tcp", { hold: hold("not held", "block") }),
      port(705, "tcp", { inTable: false, hold: hold("unknown") }),
      port(706, "tcp", { reserved: false, inTable: false, owners: [], hold: hold("held") }),
    ];
    const text = screen({ ...coverage, ports });
    const rows = text.split("\n").filter((line) => line.startsWith("70"));
    expect(rows.map((line) => line.replace(/ {2,}/g, " | "))).toEqual([
      "700/tcp | cups | portreserve-hold, owner cupsd 1201",
      "701/tcp | cups | portreserve-hold, owner down",
      "702/tcp | cups | portreserve-hold, for nobody",
      "703/tcp | cups | ypbind 640 | STOLEN, hold refused: WHY",
      "704/tcp | cups | – | not blocked: WHY → CURE",
      "705/tcp | cups | – | not in the table, unknown whether held: WHY",
      "706/tcp | – | portreserve-hold, owner down",
    ]);
    const figures = figuresOf({ ...coverage, ports });
    expect(figures.holds).toEqual({ held: 4, missing: 2, unknown: 1 });
    const metrics = prometheusText(
      statusMetrics({ ...facts, holder: { kind: "running", pid: 1, held: [] } }, { ...coverage, ports }, figures, 0),
    );
    expect(metricFaults(metrics)).toEqual([]);
    expect(metrics.split("\n").filter((line) => /^portreserve_hold|^portreserve_held/.test(line))).toEqual([
      'portreserve_held_ports{kind="block"} 1',
      'portreserve_held_ports{kind="hold"} 3',
      "portreserve_hold_refused_ports 2",
      "portreserve_hold_unknown_ports 1",
      "portreserve_holder_running 1",
    ]);
  });

  test("is one line for each row, whatever a process calls itself", () => {
    const name = "evil\ncovered \u001b[2J (deleted)";
    const forged: Coverage = {
      ...coverage,
      allocators: [allocator(name, 7, { verdict: "unknown", reason: name })],
      ports: [port(631, "tcp", { state: "stolen", holders: [holder(name, 7, { ...thief, unit: name })] })],
    };
    const text = screen(forged);
    expect(text).toContain("evil\\ncovered \\x1b[2J (deleted)");
    expect(text).not.toContain("\u001b");
    expect(text.split("\n").filter((line) => line.startsWith("covered"))).toEqual([]);
    const metrics = prometheusText(statusMetrics(facts, forged, figuresOf(forged), 0));
    expect(metricFaults(metrics)).toEqual([]);
    expect(metrics.split("\n").filter((line) => line.startsWith("portreserve_stolen_port{")).length).toBe(1);
  });
});

test("the metrics keep to the rules, and name each theft", () => {
  const text = prometheusText(statusMetrics(facts, coverage, figuresOf(coverage), 2));
  expect(metricFaults(text)).toEqual([]);
  expect(text.split("\n").filter((line) => !line.startsWith("#"))).toEqual([
    'portreserve_allocators{verdict="covered"} 6',
    'portreserve_allocators{verdict="not_covered"} 2',
    'portreserve_allocators{verdict="unknown"} 2',
    'portreserve_build_info{version="0.1.0"} 1',
    "portreserve_covered 0",
    'portreserve_failed_check{check="watchers",state="bad"} 1',
    'portreserve_held_ports{kind="block"} 0',
    'portreserve_held_ports{kind="hold"} 0',
    "portreserve_hold_refused_ports 0",
    "portreserve_hold_unknown_ports 0",
    `portreserve_look_timestamp_seconds ${NOW / 1000}`,
    'portreserve_ports_left{protocol="tcp"} 509',
    'portreserve_ports_left{protocol="udp"} 510',
    "portreserve_rejected_lines 2",
    'portreserve_reservations{protocol="tcp"} 3',
    'portreserve_reservations{protocol="udp"} 1',
    'portreserve_stolen_port{port="631",protocol="udp",unit="ypbind.service"} 1',
    "portreserve_stolen_ports 1",
    `portreserve_table_compiled_timestamp_seconds ${(NOW - 2 * HOUR - 5000) / 1000}`,
    "portreserve_table_fresh 1",
    'portreserve_uncovered_allocators{reason="mapped",verdict="not_covered"} 2',
    'portreserve_uncovered_allocators{reason="mapped",verdict="unknown"} 2',
    "portreserve_unknown_ports 1",
    "",
  ]);
});

test("values of labels are codes without blanks, and what stands for a number that nobody knows is not left out", () => {
  expect(CHECKS.map(({ id }) => id).filter((id) => !/^[a-z0-9-]+$/.test(id))).toEqual([]);
  const hidden = allocator("processes that are hidden", undefined, { count: 0, verdict: "unknown", check: "seen" });
  const dark: Coverage = { ...coverage, allocators: [hidden, hidden, allocator("sshd", 900)] };
  const lines = prometheusText(statusMetrics(facts, dark, figuresOf(dark), 0)).split("\n");
  expect(lines.filter((line) => line.startsWith("portreserve_uncovered_allocators"))).toEqual([
    'portreserve_uncovered_allocators{reason="seen",verdict="unknown"} 2',
  ]);
});

test("the document is as its schema says, and the schema lets nothing else through", () => {
  const data = { time: null, ...statusJson(facts, coverage, figuresOf(coverage)) };
  const report = { command: "status", outcome: "done", diagnostics: [], body: [], data } as const;
  const document = JSON.parse(renderJson(report, 0)) as Record<string, unknown>;
  expect(schemaFaults("status", document)).toEqual([]);
  expect(schemaFaults("status", { ...document, more: 1 })).toEqual([" must NOT have additional properties"]);
  expect(schemaFaults("status", { ...document, verdict: "fine" })).not.toEqual([]);
  const { hints: _, ...without } = document;
  expect(schemaFaults("status", without)).toContain(" must have required property 'hints'");
});
