// Surroundings that make life hard for a library: what the shim does in each is documented, and what libc does stands beside it.
import { copyFileSync, mkdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { native } from "../../src/core/native.ts";
import { scratch } from "../support/cli.ts";
import { compileC } from "../support/compile-c.ts";
import { built } from "../support/sandbox.ts";
import { type Allocator, counted, note, played } from "./scene.ts";
import { straits as cases, STRAITS_PARTS, type Straits } from "./straits-cases.ts";

async function run({ steps, etc, before, through }: Straits, by: Allocator): Promise<string> {
  // The shell's word on a program that a signal ended is not compared.
  const script = `${before ?? ""}
{ thief ${through ?? ""} "$PROGRAM" bindresvport ${steps.join(" ")}; status=$?; } 2>"$SCRATCH/said"
[ $status -eq 0 ] || echo "exit $status"`;
  const text = await played(script, "straits", by, {
    reserved: [631, 633],
    others: STRAITS_PARTS,
    etc: { "retired.mark": native().retiredMark, ...etc },
  });
  return text
    .split("\n")
    .join(" | ")
    .replaceAll(" errno-changed", by === "glibc" ? "" : " errno-changed");
}

/** What no allocator has used of the smallest stack, bytes, at least. */
const SPARE = 4096;
const STACK = 16384;

export function defineStraits(): void {
  describe("where", () => {
    for (const straits of cases) {
      it(straits.does, async () => {
        expect(await run(straits, "shim")).toBe(straits.shim);
        expect(await run(straits, "glibc"), "control").toBe(straits.glibc);
      });
    }
  });

  describe("a small stack", () => {
    it.each(["thread", "signal"])(
      `of ${STACK} bytes is enough for a call in a %s, with a page below that would be felt`,
      async (how) => {
        const shim = await counted("small-stack", "shim", ["bindresvport", how, STACK]);
        const glibc = await counted("small-stack", "glibc", ["bindresvport", how, STACK]);
        expect(shim).toMatchObject({ port: 641, errnoChanged: 0 });
        expect(shim.used).toBeLessThanOrEqual(STACK - SPARE);
        expect(glibc.port).toBeLessThanOrEqual(640);
        note(
          `Of a stack of 16 KiB (${how}), a call took ${shim.used} bytes with the shim and ${glibc.used} with glibc.`,
        );
      },
    );

    it("of a fiber may be of 4096 bytes, for the first call of a process too, which reads the table", async () => {
      // Else the loader takes most of it, to look up the first name that the program calls.
      const environment = { LD_BIND_NOW: "1" };
      const shim = await counted("small-stack", "shim", ["bindresvport", "fiber", 4096], { environment });
      const glibc = await counted("small-stack", "glibc", ["bindresvport", "fiber", 4096], { environment });
      expect(shim).toMatchObject({ port: 641, errnoChanged: 0 });
      expect(shim.used).toBeLessThanOrEqual(1536);
      expect(glibc.port).toBeLessThanOrEqual(640);
      note(`Of a fiber's stack, the first call took ${shim.used} bytes with the shim and ${glibc.used} with glibc.`);
    });

    it(`control: of ${STACK} bytes is not enough for 32 KiB, which ends the program`, async () => {
      const script = `{ "$PROGRAM" bindresvport overflow ${STACK}; status=$?; } 2>"$SCRATCH/said"; echo $status`;
      expect(await played(script, "small-stack", "glibc")).toBe(String(128 + 11));
    });
  });

  describe("a program that has used up the room for static thread-local storage", () => {
    const folder = scratch();
    const block = compileC("test/stress/tls-block.c", ["-shared", "-fPIC", "-ftls-model=initial-exec"]);
    mkdirSync(path.join(folder, "blocks"));
    for (let i = 0; i < 200; i++) copyFileSync(block, path.join(folder, "blocks", `${i}.so`));
    const starve = (by: Allocator, ...more: readonly string[]): Promise<string> =>
      played(`covered "$PROGRAM" ${folder}/blocks bindresvport ${more.join(" ")}`, "starved", by);

    it("has as much room with the shim as without it, is covered, and could still load the shim", async () => {
      const [room, why, ...rest] = (await starve("glibc")).split(/, then |\n/);
      expect({ room: Number(room) > 0, why, stolen: Number(rest[0]) <= 640 }).toEqual({
        room: true,
        why: "no static TLS",
        stolen: true,
      });
      expect(await starve("shim")).toBe(`${room}, then no static TLS\n641`);
      expect(await starve("glibc", built.shim)).toBe(`${room}, then no static TLS\n641`);
    });
  });
}
