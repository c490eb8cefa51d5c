// status --nagios: which state a host has for a monitoring system, and the line by the Monitoring Plugins guidelines.
import { describe, expect, test } from "vitest";
import { pluginResult } from "../../src/commands/status/plugin-result.ts";
import type { Coverage } from "../../src/coverage/coverage.ts";
import { pluginFailure, pluginText } from "../../src/report/plugin.ts";
import { allocator, coverage, holder, port, thief } from "../support/coverage-sample.ts";
import { parsePlugin } from "../support/plugin.ts";

const good: Coverage = {
  ...coverage,
  answers: coverage.answers.filter(({ state }) => state === "good"),
  allocators: [allocator("rpc.statd", 812), allocator("sshd", 900)],
  ports: [port(631, "tcp"), port(631, "udp")],
  owners: 1,
  hints: [],
  verdict: "covered",
};
const unseen = allocator("2 processes", undefined, { kind: "unseen", count: 2, verdict: "unknown", reason: "hidden" });
const open = allocator("ypbind", 640, { verdict: "not covered", reason: "too old", hint: "systemctl restart ypbind" });
const stolen = port(631, "udp", { state: "stolen", holders: [holder("ypbind", 640, thief)] });
const answer = (state: "bad" | "unknown") => ({ id: "watchers", question: "", state, answer: "failed", hint: "CURE" });

const text = (shown: Coverage, more: { asRoot?: boolean; rejected?: number; verbose?: boolean } = {}): string =>
  pluginText(pluginResult({ coverage: shown, asRoot: true, rejected: 0, verbose: false, ...more }));

describe("a host", () => {
  test("that is fine is one line, with what is counted", () => {
    expect(text(good)).toBe(
      "PORTRESERVE OK - 2 ports reserved for 1 service, 2 allocators covered, nothing stolen" +
        " | stolen=0;;0;0 not_covered=0;0;;0 unknown=0;;;0 covered=2;;;0 reserved=2;;;0 held=0;;;0 rejected=0;0;;0" +
        " left_tcp=509;32:;;0;512 left_udp=510;32:;;0;512\n",
    );
  });

  test("with something of everything says the worst first, and below it who, why and what helps", () => {
    expect(text(coverage, { rejected: 1 })).toBe(
      "PORTRESERVE CRITICAL - 1 port stolen: 631/udp, watchers: x.path is failed, 2 of 10 allocators not covered, " +
        "1 line or file rejected and 2 more" +
        " | stolen=1;;0;0 not_covered=2;0;;0 unknown=3;;;0 covered=6;;;0 reserved=4;;;0 held=0;;;0 rejected=1;0;;0" +
        " left_tcp=509;32:;;0;512 left_udp=510;32:;;0;512\n" +
        `631/udp, reserved for cups: stolen by ypbind 640
watchers: x.path is failed -> systemctl restart x
not covered: ypbind 640: started before the install -> systemctl restart ypbind
not covered: NFS client: 993 reserved in its range -> mount with noresvport
unknown: 2 processes: permission denied -> run it as root
'ypbind' holds 631/udp -> restart ypbind, then cups-browsed
`,
    );
  });

  test.each<[string, Partial<Coverage>, { asRoot?: boolean; rejected?: number }, string, string]>([
    ["a stolen port", { ports: [stolen], verdict: "not covered" }, {}, "CRITICAL", "1 port stolen: 631/udp"],
    [
      "a theft that an ordinary user saw",
      { ports: [stolen], allocators: [unseen], verdict: "not covered" },
      { asRoot: false },
      "CRITICAL",
      "1 port stolen: 631/udp, 2 of 2 allocators unknown",
    ],
    [
      "a thief of a port that only the table has",
      { ports: [{ ...stolen, owners: [] }], verdict: "not covered" },
      {},
      "CRITICAL",
      "1 port stolen: 631/udp",
    ],
    [
      "an allocator that is not covered",
      { allocators: [open], verdict: "not covered" },
      {},
      "WARNING",
      "1 of 1 allocator not covered",
    ],
    [
      "that, and others unknown",
      { allocators: [open, unseen], verdict: "not covered" },
      {},
      "WARNING",
      "1 of 3 allocators not covered, 2 of 3 allocators unknown",
    ],
    ["a bad answer", { answers: [answer("bad")], verdict: "not covered" }, {}, "WARNING", "watchers: failed"],
    ["rejected lines", {}, { rejected: 2 }, "WARNING", "2 lines or files rejected"],
    [
      "hardly a port left",
      { portsLeft: { tcp: 31, udp: 1 } },
      {},
      "WARNING",
      "only 31 tcp ports left to hand out, only 1 udp port left to hand out",
    ],
    [
      "just enough ports left",
      { portsLeft: { tcp: 32, udp: 32 } },
      {},
      "OK",
      "2 ports reserved for 1 service, 2 allocators covered, nothing stolen",
    ],
    ["an unknown answer", { answers: [answer("unknown")], verdict: "unknown" }, {}, "UNKNOWN", "watchers: failed"],
    ["unknown allocators", { allocators: [unseen], verdict: "unknown" }, {}, "UNKNOWN", "2 of 2 allocators unknown"],
    [
      "a port whose holder cannot be seen",
      { ports: [port(993, "tcp", { state: "unknown" })], verdict: "unknown" },
      {},
      "UNKNOWN",
      "unknown who holds 1 reserved port",
    ],
    [
      "nothing but hidden processes",
      { verdict: "unknown" },
      { asRoot: false },
      "UNKNOWN",
      "not everything can be seen",
    ],
    [
      "no sockets to be listed",
      { portsLeft: undefined },
      {},
      "OK",
      "2 ports reserved for 1 service, 2 allocators covered, nothing stolen",
    ],
  ])("with %s", (_, more, how, state, summary) => {
    const said = parsePlugin(text({ ...good, ...more }, how));
    expect([said.state, said.summary]).toEqual([state, summary]);
    expect(said.details.some((line) => line.startsWith("only root sees every process"))).toBe(how.asRoot === false);
  });

  test("on which nothing is installed says that once", () => {
    const hint = "portreservectl install";
    const bad = (id: string, said: string) => ({ id, question: "", state: "bad", answer: said, hint }) as const;
    const answers = [bad("table", "there is none"), bad("preload", "not installed"), bad("library-i386", "missing")];
    const said = parsePlugin(text({ ...good, answers, allocators: [{ ...open, hint }], verdict: "not covered" }));
    expect(said.summary).toBe("preload: not installed, 1 of 1 allocator not covered");
    expect(said.details).toEqual([`preload: not installed -> ${hint}`, `not covered: ypbind 640: too old -> ${hint}`]);
  });

  test("with much to say says where the rest is, and all of it with --verbose", () => {
    const many = Array.from({ length: 30 }, (_, at) =>
      allocator(`d${at}`, at, { ...open, name: `d${at}`, reason: `R${at}` }),
    );
    const shown = { ...good, allocators: many, verdict: "not covered" } as const;
    const { details } = parsePlugin(text(shown));
    expect([details.length, details.at(-1)]).toEqual([12, "19 more lines: portreservectl status"]);
    expect(parsePlugin(text(shown, { verbose: true })).details).toHaveLength(30);
  });

  test("cannot forge a line, a state or performance data by names of processes", () => {
    const name = "x | stolen=0\nPORTRESERVE OK - \u001b[2J–é";
    const said = parsePlugin(
      text({ ...good, ports: [{ ...stolen, owners: [name], holders: [holder(name, 7, thief)] }] }),
    );
    expect([said.state, said.data.stolen]).toEqual(["CRITICAL", { value: 1, warning: "", critical: "0", most: "" }]);
    expect(said.details).toEqual([
      expect.stringMatching(/^631\/udp, reserved for x \\x7c stolen=0\\nPORTRESERVE OK - \\x1b\[2J-\\u\{e9\}: /),
    ]);
  });
});

test("a failure is UNKNOWN, with what helps", () => {
  expect(pluginText(pluginFailure({ message: "no addon", hint: "install it again" }))).toBe(
    "PORTRESERVE UNKNOWN - no addon\nhint: install it again\n",
  );
});

test("a label that the format does not have is a bug", () => {
  expect(() => pluginText({ state: "OK", summary: "x", data: [{ label: "a b", value: 1 }] })).toThrow(TypeError);
});

test.each([
  ["PORTRESERVE OK - fine", "no newline"],
  ["PORTRESERVE FINE - fine\n", "not a first line"],
  ["PORTRESERVE OK - fine | a b=1\n", "not performance data: a"],
  ["PORTRESERVE OK - fine | a=1;x\n", "not performance data: a=1;x"],
  ["PORTRESERVE OK - fine | a=1 a=2\n", "a label twice"],
  ["PORTRESERVE OK - fine\n | a=1\n", "a '|' too many"],
  ["PORTRESERVE OK - f→ne\n", "not plain ASCII"],
])("the reader finds what is wrong with %j", (output, fault) => {
  expect(() => parsePlugin(output)).toThrow(fault);
});
