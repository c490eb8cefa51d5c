// Beside libraries that put a bind() or a syscall() of their own before libc's, in either order.
import { describe, expect, it } from "vitest";
import { native } from "../../src/core/native.ts";
import { compileC } from "../support/compile-c.ts";
import { built, tableOf } from "../support/sandbox.ts";
import { played } from "./scene.ts";
import { STRAITS_PARTS } from "./straits-cases.ts";

const WRAPPER = compileC("test/stress/wrap.c", ["-shared", "-fPIC", "-ldl"]);
const CONTROL = compileC("test/stress/wrap-control.c");

/** Three calls, of which the second comes after the table was retired, and the third after it was replaced. */
const STEPS = "bindresvport call retire call newtable call";

const run = (script: string): Promise<string> =>
  played(script, "straits", "glibc", {
    reserved: [631, 633],
    others: STRAITS_PARTS,
    etc: {
      "portreserve.table": tableOf(631, 633, 635),
      "next.table": tableOf(637),
      "retired.mark": native().retiredMark,
    },
    environment: { WRAPPER, CONTROL, SHIM: built.shim },
  });

export function defineWrapped(): void {
  describe("beside a library whose bind() writes into the address and whose syscall() knows no call", () => {
    it.each(["$WRAPPER:$SHIM", "$SHIM:$WRAPPER"])("each table is obeyed: %s", async (preloads) => {
      const calls = `"$PIDEXEC" --pid "$THIEF" -- env LD_PRELOAD="${preloads}" "$PROGRAM" ${STEPS}`;
      expect(await run(calls)).toBe("632\n634\n635");
    });

    it("control: without the shim nothing is reserved, and the library does what it is said to do", async () => {
      const calls = `"$PIDEXEC" --pid "$THIEF" -- env LD_PRELOAD="$WRAPPER" "$PROGRAM" ${STEPS}`;
      expect(await run(calls)).toBe("631\n632\n633");
      const alone = `{ env LD_PRELOAD="$WRAPPER" "$CONTROL"; echo $?; "$CONTROL"; echo $?; } 2>"$SCRATCH/said"`;
      expect(await run(alone)).toBe("no call is known\n139\ncalls are known\n0");
    });
  });
}
