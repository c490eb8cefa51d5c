// Killed before, in the middle of and after each call that changes a file, compile leaves the old table or the new one, and programs run on.
import { describe, expect, test } from "vitest";
import { native } from "../../src/core/native.ts";
import { named } from "../support/can.ts";
import { judge } from "../support/fault/judge.ts";
import { hashOf } from "../support/fault/listing.ts";
import { type Matrix, runMatrix } from "../support/fault/matrix.ts";
import { everyKill } from "../support/fault/points.ts";
import { MANAGER, noScene } from "../support/fault/run-scene.ts";

const notHere = noScene();
const COMPILE = `${MANAGER} compile`;
const TABLE = "/etc/portreserve.table";

function contentHash(matrix: Matrix, run: "before" | "after"): string {
  return matrix.undisturbed[run].listing.get(TABLE)?.split(" ").at(-1) ?? "none";
}

function marked(table: Uint8Array, mark: Uint8Array): string {
  const copy = Buffer.from(table);
  copy.set(mark, native().markOffset);
  return hashOf(copy);
}

describe.skipIf(notHere !== undefined)(named("compile", notHere), () => {
  test("with an old table: the old one, marked as retired or not, or the new one", async () => {
    const matrix = await runMatrix(
      {
        prepare: `mkdir -p /etc/portreserve && echo 631 >/etc/portreserve/cups && ${COMPILE} && echo 873 >/etc/portreserve/rsyncd`,
        command: COMPILE,
        continuations: { compile: COMPILE },
        keep: "etc/portreserve.table",
      },
      everyKill,
    );
    const { summary, failures } = judge("crash matrix of compile", matrix);
    console.log(summary);
    expect(failures).toEqual([]);
    const mark = native().retiredMark;
    const names = new Map([
      [contentHash(matrix, "before"), "old"],
      [marked(matrix.kept, mark), "marked"],
      // The kernel does not stop within so short a write; if it did, no harm would be done.
      [marked(matrix.kept, mark.subarray(0, mark.length / 2)), "half marked"],
      [contentHash(matrix, "after"), "new"],
    ]);
    const tables = matrix.results.map(({ first }) => first.listing.get(TABLE)?.split(" ").at(-1) ?? "none");
    expect([...new Set(tables.map((hash) => names.get(hash)))]).toEqual(["old", "half marked", "marked", "new"]);
  }, 300_000);

  test("with no table yet: none, or the new one", async () => {
    const matrix = await runMatrix(
      {
        prepare: "mkdir -p /etc/portreserve && echo 631 >/etc/portreserve/cups",
        command: COMPILE,
        continuations: { compile: COMPILE },
      },
      everyKill,
    );
    const { summary, failures } = judge("crash matrix of the first compile", matrix);
    console.log(summary);
    expect(failures).toEqual([]);
    const tables = matrix.results.map(({ first }) => first.listing.get(TABLE)?.split(" ").at(-1) ?? "none");
    expect([...new Set(tables)]).toEqual(["none", contentHash(matrix, "after")]);
  }, 300_000);
});
