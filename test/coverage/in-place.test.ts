// A table that is written over in its place: who has it mapped has it in force, and never reads it again. criu(8) comes to
// the same, when it brings back a process of before a compile.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { noHost, onHost } from "../support/host.ts";
import { built, tableOf } from "../support/sandbox.ts";

const notHere = await noHost();

const SCRIPT = `ctl compile >/dev/null
background "$SCRATCH/took" env LD_PRELOAD="$SHIM" "$PIDEXEC" --pid "$THIEF" -- "$PROBE" --symbol bindresvport --hold; holder=$!
until_works grep port "$SCRATCH/took"
step took cat "$SCRATCH/took"
step before ctl status --json
dd if=/etc/other.table of=/etc/portreserve.table conv=notrunc status=none
step after ctl status --json
kill $(pidof portreserve-probe); wait $holder || :`;

describe.skipIf(notHere !== undefined)(named("on a whole host", notHere), () => {
  test("a process that keeps what was reserved before is not covered, and was before", async () => {
    const ran = await onHost(SCRIPT, { etc: { "other.table": tableOf(632, 633) }, environment: { SHIM: built.shim } });
    const verdict = (step: string): unknown => {
      const { allocators } = JSON.parse(ran(step).stdout) as {
        allocators: { name: string; verdict: string; reason: string | null }[];
      };
      return allocators
        .filter(({ name }) => name.startsWith("portreserve-pro"))
        .map((one) => [one.verdict, one.reason]);
    };
    expect(ran("took").stdout).toBe('{"port":632}\n');
    expect(verdict("before")).toEqual([["covered", "now, but not after its next start"]]);
    expect(verdict("after")).toEqual([
      ["not covered", "goes by what was reserved before the table that it has mapped"],
    ]);
  });
});
