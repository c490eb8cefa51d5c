// Forks and signals in the middle of a call: what hangs with the stock libraries, which lock, and never with the shim.
import { describe, expect, it } from "vitest";
import { native } from "../../src/core/native.ts";
import { THIEF_PID, tableOf } from "../support/sandbox.ts";
import { type Allocator, counted, keep, played, RANGE } from "./scene.ts";

const FORKS = 300;
const THREADS = 8;
/** glibc's function in glibc, libtirpc's in libtirpc; the shim stands for both. */
const own = (by: Allocator): string => (by === "libtirpc" ? "bindresvport_sa" : "bindresvport");

const clean = { hung: 0, died: 0, failed: 0, reserved: 0, errnoChanged: 0 };

/** The table as a compile leaves it that was killed between its last two steps: every call reads it. */
function retired(ports: readonly number[]): Uint8Array {
  const { markOffset, retiredMark } = native();
  const bytes = tableOf(...ports);
  bytes.set(retiredMark, markOffset);
  return bytes;
}

export function defineLocks(): void {
  describe(`${FORKS} forks while ${THREADS} threads are inside of a call`, () => {
    const fork = (by: Allocator, symbol: string): Promise<Readonly<Record<string, number>>> =>
      counted("forks", by, [symbol, FORKS, THREADS, RANGE]);

    it("leave no child that hangs, fails or gets a reserved port with the shim, and do with the stock libraries", async () => {
      const shim = await fork("shim", "bindresvport");
      expect(shim).toEqual(clean);
      const glibc = await fork("glibc", own("glibc"));
      const libtirpc = await fork("libtirpc", own("libtirpc"));
      expect(glibc.hung).toBeGreaterThan(0);
      expect(libtirpc.hung).toBeGreaterThan(0);
      expect(glibc.reserved).toBeGreaterThan(0);
      keep(`a forked child hangs (${THREADS} threads)`, FORKS, shim.hung, glibc.hung, libtirpc.hung);
    });

    it.each(["bindresvport_sa", "rresvport_af"])("leave no such child through the shim's %s", async (symbol) => {
      expect(await fork("shim", symbol)).toEqual(clean);
    });
  });

  describe("a signal whose handler calls the allocator", () => {
    /** Processes and the distance of signals in them: together they meet every instruction. */
    const EACH = [31, 31];
    const NEXT = [642, 643];
    const well = { ...clean, leftOpen: 0 };
    /** A process whose first call gives 641, so that the one which is interrupted comes to the reserved ports at once. */
    const reenter = async (
      by: Allocator,
      symbol: string,
      handler: "call" | "leave",
      steps = EACH,
      table = tableOf(...NEXT),
    ): Promise<Readonly<Record<string, number>>> =>
      JSON.parse(
        await played(`thief "$PROGRAM" ${symbol} ${handler} ${steps.join(" ")} ${NEXT.join("-")}`, "reentry", by, {
          environment: { THIEF: String(THIEF_PID + 10) },
          etc: { "portreserve.table": table },
        }),
      );

    it("comes at each instruction of a call without harm with the shim; the stock libraries wait for themselves", async () => {
      const shim = await reenter("shim", "bindresvport", "call");
      expect(shim).toEqual({ ...well, signals: shim.signals, held: shim.held });
      // An IPv4 call with one reserved port after the other is some hundred instructions.
      expect(shim.signals).toBeGreaterThan(200);
      const glibc = await reenter("glibc", own("glibc"), "call");
      const libtirpc = await reenter("libtirpc", own("libtirpc"), "call");
      // It gives up after four.
      expect([glibc.hung, libtirpc.hung]).toEqual([4, 4]);
      keep("a signal at any instruction of a call hangs it", shim.signals, shim.hung, glibc.hung, libtirpc.hung);
    });

    it("may leave the call for good with siglongjmp() with the shim; the stock libraries never return from the next one", async () => {
      const shim = await reenter("shim", "bindresvport", "leave", [100, 7]);
      expect(shim).toEqual({ ...well, signals: shim.signals, held: shim.held });
      const glibc = await reenter("glibc", "bindresvport", "leave", [100, 7]);
      expect(glibc.hung).toBe(4);
      keep("a call left with siglongjmp() hangs the next", shim.signals, shim.hung, glibc.hung);
    });

    it("comes at each instruction of rresvport_af() without harm, where glibc has no lock either, and gives reserved ports", async () => {
      const shim = await reenter("shim", "rresvport_af", "call");
      expect(shim).toEqual({ ...well, signals: shim.signals, held: shim.held });
      const glibc = await reenter("glibc", "rresvport_af", "call");
      expect(glibc).toEqual({ ...well, signals: glibc.signals, held: 0, reserved: glibc.reserved });
      expect(glibc.reserved).toBeGreaterThan(0);
    });

    it("comes while the shim reads and checks the table without harm, once the file is closed", async () => {
      const shim = await reenter("shim", "bindresvport", "call", [16, 97], retired(NEXT));
      expect(shim).toEqual({ ...well, signals: shim.signals, held: shim.held });
      expect(shim.signals).toBeGreaterThan(50);
      expect(shim.held).toBeGreaterThan(200);
      keep("a signal while the table is read hangs the call", shim.signals, shim.hung);
    });

    it("may leave that for good too, and no descriptor stays open; one that has made its own socket leaves it", async () => {
      const shim = await reenter("shim", "bindresvport", "leave", [12, 601], retired(NEXT));
      expect(shim).toEqual({ ...well, signals: shim.signals, held: shim.held });
      const control = await reenter("shim", "rresvport_af", "leave", [8, 97], retired(NEXT));
      expect(control.leftOpen).toBeGreaterThan(0);
    });
  });
}
