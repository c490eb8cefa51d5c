// The table that the shim consults in the benchmark: what distributions really reserve, compiled by the manager itself.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { DISTRIBUTION_BLACKLIST, DISTRIBUTION_FILES } from "../../dist/commands/demo/distribution-files.js";
import { native } from "../../dist/core/native.js";
import { built } from "./programs.mjs";
import { inTurn } from "./turns.mjs";

/** The `table` as bytes, and the ports that it has, as sets: `reserved.udp`, `reserved.tcp` and `reserved.either`. */
export function distributionTable() {
  const root = mkdtempSync(path.join(tmpdir(), "portreserve-bench-"));
  try {
    const etc = path.join(root, "etc");
    mkdirSync(path.join(etc, "portreserve"), { recursive: true });
    for (const { owner, content } of DISTRIBUTION_FILES) writeFileSync(path.join(etc, "portreserve", owner), content);
    writeFileSync(path.join(etc, "bindresvport.blacklist"), DISTRIBUTION_BLACKLIST);
    inTurn([{ command: [process.execPath, built.manager, "compile", "--root", root] }], 1);
    const table = readFileSync(path.join(etc, "portreserve.table"));
    const decoded = native().decodeTable(table);
    const { tcp, udp } = decoded.table;
    return { table, reserved: { tcp: new Set(tcp), udp: new Set(udp), either: new Set([...tcp, ...udp]) } };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
