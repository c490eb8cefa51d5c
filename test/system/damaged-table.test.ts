// A table damaged in each of its bytes in turn is noticed and healed, and never believed.
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { optionsFrom } from "../../src/cli/options.ts";
import { compile } from "../../src/commands/compile.ts";
import type { Context } from "../../src/commands/types.ts";
import { native } from "../../src/core/native.ts";
import { readTable } from "../../src/system/files/table-file.ts";
import { makeRoot, SERVICES, tablePath } from "../support/cli.ts";

/** The family: bind() is called with it, so only the first bytes of the two marks' are taken. */
const FAMILY_OFFSET = 4094;

test("each byte in turn", async () => {
  const root = makeRoot({ "etc/services": SERVICES, "etc/portreserve/cups": "ipp\nrndc/tcp\n" });
  const context: Context = {
    verb: "compile",
    options: { ...optionsFrom(new Map()), root },
    args: [],
    progress: () => {},
    show: () => {},
    emit: () => true,
    isRead: () => true,
    meter: () => {},
  };
  await compile(context);
  const good = readFileSync(tablePath(root));
  const { markOffset, tableSize } = native();
  expect(good.length).toBe(tableSize);
  for (let at = 0; at < good.length; at += 1) {
    const bad = Buffer.from(good);
    bad[at] = (bad[at] as number) ^ (1 << (at % 8));
    writeFileSync(tablePath(root), bad);
    const isFlag = at >= markOffset && at !== FAMILY_OFFSET;
    const state = readTable(root);
    // The flag is what writers change in place, so no checksum covers it: a table with a damaged one counts as retired.
    expect({ at, kind: state.kind }).toEqual({ at, kind: isFlag ? "valid" : "damaged" });
    if (state.kind === "valid") expect(state.table.retired).toBe(true);
    // Healing costs a flush to disk: every byte that means something, and some of the zeros between.
    if (at >= 320 && !isFlag && at % 256 !== 0) continue;
    const report = await compile(context);
    expect({ at, outcome: report.outcome, result: report.data.result }).toEqual({
      at,
      outcome: "done",
      result: "written",
    });
    const healed = readTable(root);
    expect(healed).toMatchObject({ kind: "valid", table: { retired: false, tcp: [631, 953], udp: [631] } });
    writeFileSync(tablePath(root), good);
  }
});
