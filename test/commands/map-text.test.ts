// What map and lookup say of a coverage made by hand.
import { describe, expect, test } from "vitest";
import { hostBlocks } from "../../src/commands/lookup/host.ts";
import { mapReport } from "../../src/commands/map.ts";
import type { PortHold, PortState } from "../../src/coverage/coverage.ts";
import type { HostFacts } from "../../src/coverage/facts.ts";
import { renderJson, renderText } from "../../src/report/render.ts";
import { allocator, coverage, facts, holder, port, thief } from "../support/coverage-sample.ts";
import { schemaFaults } from "../support/schema.ts";

describe("the map", () => {
  const report = mapReport(coverage);
  const text = renderText(report, { verbose: false, color: { out: false, err: false } }).out;

  test("has a character of its own for each state, in 80 columns", () => {
    const free = ".".repeat(64);
    const title = (name: string): string => `${name}    +0      +8      +16     +24     +32     +40     +48     +56\n`;
    const row = (first: number, cells: Readonly<Record<number, string>>): string =>
      `  ${first}  ${[...free].map((cell, at) => cells[first + at] ?? cell).join("")}\n`;
    expect(text).toBe(
      `${title("TCP")}  512  ${free}\n${row(576, { 631: "R" })}  640  ${free}\n  704  ${free}\n  768  ${free}\n` +
        `${row(832, { 873: "r" })}  896  ${free}\n  960  ${[...free].map((cell, at) => (at === 33 ? "?" : cell)).join("")}\n\n` +
        `${title("UDP")}  512  ${free}\n${row(576, { 631: "!" })}  640  ${free}\n  704  ${free}\n  768  ${free}\n` +
        `  832  ${free}\n${row(896, { 900: "h" })}  960  ${free}\n\n` +
        ".  1019  free\nr  1     reserved and free\nR  1     reserved and held, not stolen\n" +
        "h  1     held, not reserved\nt  0     held by nobody, until the kernel forgets a connection that ended\n!  1     reserved and stolen\n?  1     held, by whom cannot be seen\n" +
        "left to hand out: 509 tcp and 510 udp ports\n631/udp stolen by ypbind 640, reserved for cups\nh  900/udp x 1\n",
    );
    expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  test("is the same with colour, once that is taken away", () => {
    const coloured = renderText(report, { verbose: false, color: { out: true, err: false } }).out;
    expect(coloured).toContain("\u001b[31m!\u001b[39m");
    expect(coloured.split(/\p{Cc}\[[0-9]+m/u).join("")).toBe(text);
  });

  test("tells held and blocked ports apart, and those that should be and are not, where there are some", () => {
    const word = (number: number, kind: "hold" | "block", how: PortHold["state"], state: "free" | "held" = "free") =>
      port(number, "tcp", { kind, state, hold: { kind, state: how, reason: undefined, hint: undefined } });
    const ports = [
      word(700, "hold", "held"),
      word(701, "block", "held"),
      word(702, "hold", "held", "held"),
      word(703, "hold", "not held"),
      word(704, "block", "unknown"),
      word(705, "hold", "refused", "held"),
      port(706, "tcp", { state: "free" }),
    ];
    const { out } = renderText(mapReport({ ...coverage, ports }), {
      verbose: false,
      color: { out: false, err: false },
    });
    expect(out).toContain(`\n  640  ${".".repeat(60)}kbKx\n  704  xRr${".".repeat(61)}\n`);
    expect(out).toContain(
      "r  1     reserved and free\nk  1     kept by portreserve-hold for its owner, which has not got it now\n" +
        "K  1     kept by portreserve-hold for its owner, and taken\nb  1     blocked by portreserve-hold\n" +
        "x  2     to be held or blocked, and is not, or not for sure\nR  1     reserved and held, not stolen\n",
    );
    expect(text).not.toContain("portreserve-hold");
    expect(out.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  test("has a document as its schema says", () => {
    expect(schemaFaults("map", JSON.parse(renderJson(report, 0)))).toEqual([]);
  });
});

describe("lookup on the running host", () => {
  const answer = (
    number: number,
    protocol: "tcp" | "udp",
    reserved: boolean,
    from = coverage,
    on: HostFacts = facts,
  ): string => {
    const body = hostBlocks([{ port: number, protocol, reserved }], on, from);
    const report = { command: "lookup", outcome: "done", diagnostics: [], body, data: {} } as const;
    return renderText(report, { verbose: false, color: { out: false, err: false } }).out;
  };

  test.each([
    [
      631,
      "udp",
      true,
      "631/udp  held by ypbind 640  STOLEN\n" +
        "ypbind (640) is not covered and can take it: started before the install → systemctl restart ypbind\n" +
        "2 processes may be able to take it: permission denied → run it as root\n",
    ],
    [
      873,
      "tcp",
      true,
      "873/tcp  held by nobody that this kernel shows (before Linux 6.8: no TCP socket that is only bound)\n" +
        "ypbind (640) is not covered and can take it: started before the install → systemctl restart ypbind\n" +
        "NFS client is not covered and can take it: 993 reserved in its range → mount with noresvport\n" +
        "2 processes may be able to take it: permission denied → run it as root\n",
    ],
    [900, "udp", false, "900/udp  held by x 1  rightly\nevery allocator can take 900/udp: not reserved\n"],
    [22, "tcp", false, "22/tcp  held by sshd 800  rightly\nnobody is handed a port below 512\n"],
    [2049, "tcp", false, ""],
  ] as const)("says who holds %i/%s and who could take it", (number, protocol, reserved, text) => {
    expect(answer(number, protocol, reserved)).toBe(text);
  });

  test("takes a kernel at its word that shows every socket", () => {
    const newer = { ...facts, kernel: { ...facts.kernel, release: "6.8.0" } };
    expect(answer(873, "tcp", true, coverage, newer)).toMatch(/^873\/tcp {2}held by nobody\n/);
  });

  test("says that a port is held, for whom, and that an owner without the flag is refused too", () => {
    const hold = { kind: "hold", state: "held", reason: undefined, hint: undefined } as const;
    const of = (more: Partial<PortState>, asRoot = true): string =>
      answer(631, "udp", true, { ...coverage, ports: [port(631, "udp", { hold, ...more })] }, { ...facts, asRoot });
    const first = "631/udp  held by portreserve-hold for cups; everybody without SO_REUSEADDR is refused";
    const last = "631/udp is held: no allocator can take it\n";
    expect(of({})).toBe(`${first}, its owner too → portreservectl unhold 631/udp\n${last}`);
    expect(of({}, false)).toContain(" → sudo portreservectl unhold 631/udp\n");
    expect(
      of({ state: "held", holders: [holder("cupsd", 1201)] })
        .split("\n")
        .map((line) => line.replace(/ {3,}(?=r)/, " | ").trimEnd()),
    ).toEqual([first, "631/udp  held by cupsd 1201 | rightly", last.trimEnd(), ""]);
    expect(of({ hold: { ...hold, kind: "block" } })).toBe(
      `631/udp  blocked by portreserve-hold; everybody is refused\n${last}`,
    );
    const refused = {
      ...hold,
      state: "refused",
      reason: "'ypbind' has it",
      hint: "portreservectl reclaim 631/udp",
    } as const;
    const lines = of({ hold: refused, state: "stolen", holders: [holder("ypbind", 640, thief)] }).split("\n");
    expect(lines.slice(0, 2).map((line) => line.replace(/ +/g, " "))).toEqual([
      "631/udp hold refused: 'ypbind' has it → portreservectl reclaim 631/udp",
      "631/udp held by ypbind 640 STOLEN",
    ]);
    expect(lines.join("\n")).toContain("ypbind (640) is not covered and can take it");
  });

  test("says why nobody could take it", () => {
    const safe = { ...coverage, allocators: [allocator("rpc.statd", 812)] };
    expect(answer(631, "tcp", true, safe)).toBe(
      "631/tcp  held by cupsd 1201  rightly\nevery allocator of this host is covered: none can take 631/tcp\n",
    );
    expect(answer(631, "tcp", true, { ...coverage, allocators: [] })).toBe(
      "631/tcp  held by cupsd 1201  rightly\nno allocator was found on this host: none can take 631/tcp\n",
    );
  });
});
