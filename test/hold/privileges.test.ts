// What the holder may still do once it has started: two capabilities, and the system calls that it makes.
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { holdFile, noHolder, scene } from "./scene.ts";

const noRoot = noHolder ?? skipReason("root");

describe.skipIf(noRoot !== undefined)(named("the holder's rights", noRoot), () => {
  test("are two capabilities and a filter, which root's shell beside it has not", async () => {
    const lines = await scene(
      `holder; for pid in $HOLDER $$; do awk '/^(Cap|NoNewPrivs|Seccomp:)/ { print $1 " " $2 }' /proc/$pid/status; done`,
      { file: holdFile("hold tcp 631"), kind: "root" },
    );
    const two = (1n << 10n) | (1n << 12n);
    const bits = two.toString(16).padStart(16, "0");
    expect(lines.slice(0, 7)).toEqual([
      "CapInh: 0000000000000000",
      `CapPrm: ${bits}`,
      `CapEff: ${bits}`,
      `CapBnd: ${bits}`,
      "CapAmb: 0000000000000000",
      "NoNewPrivs: 1",
      "Seccomp: 2",
    ]);
    const effective = lines.slice(7).find((line) => line.startsWith("CapEff")) ?? "";
    const others = BigInt(`0x${effective.slice("CapEff: ".length)}`) & ~two;
    expect(others).not.toBe(0n);
    expect(lines.at(-1)).toBe("Seccomp: 0");
  });

  const sources = [
    "confined.c",
    "../../native/hold/filter.c",
    "../../native/hold/privileges.c",
    "../../native/hold/text.c",
  ];
  const CONFINED = (): string => compileC(sources.map((name) => `test/hold/${name}`));

  test("refuse what it does not need, all of which works before", async () => {
    const lines = await scene(`"$CONFINED"`, { kind: "root", environment: { CONFINED: CONFINED() } });
    const refused = [
      "start a process",
      "run a program",
      "trace",
      "send a signal",
      "netlink",
      "packets",
      "listen",
      "connect",
    ];
    const all = [...refused, "map code", "another root"];
    const allowed = ["a socket of IPv4", "a file"];
    // Neither that program nor that tracer exists; the kernel looked.
    const before: Readonly<Record<string, string>> = { "run a program": "ENOENT", trace: "ESRCH" };
    expect(lines).toEqual([
      ...all.map((what) => `before ${what}: ${before[what] ?? "ok"}`),
      ...allowed.map((what) => `before ${what}: ok`),
      ...all.map((what) => `after ${what}: EPERM`),
      ...allowed.map((what) => `after ${what}: ok`),
    ]);
  });

  const no32 = skipReason("32-bit programs");
  test.skipIf(no32 !== undefined)(named("end it at a call of another architecture", no32), async () => {
    const script = '( "$CONFINED" i386; echo "ended with $?" ) 2>/dev/null';
    const lines = await scene(script, { kind: "root", environment: { CONFINED: CONFINED() } });
    // 128 and SIGSYS.
    expect(lines).toEqual(["ended with 159"]);
  });
});
