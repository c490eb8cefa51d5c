// The shim against the functions of glibc, libtirpc and libgssrpc themselves, on this machine: every difference is a listed one or a failure.
import { beforeAll, describe, expect, it } from "vitest";
import { runInSandbox } from "../../src/system/sandbox/sandbox.ts";
import { sandboxSupport } from "../../src/system/sandbox/sandbox-support.ts";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { libgssrpc, libtirpc, noLibgssrpc, noLibtirpc } from "../support/rpc-libraries.ts";
import { noSandbox } from "../support/sandbox.ts";
import { stagedNatives } from "../support/stage/stage.ts";
import { ALLOCATOR } from "./allocator.ts";
import { type Row, rows } from "./conformance-rows.ts";

const PID = 21231;
const reason = await noSandbox();
const ORIGINALS = ["glibc", "libtirpc", "libgssrpc"] as const;
const lacking = { glibc: undefined, libtirpc: noLibtirpc(), libgssrpc: noLibgssrpc() };

type Implementation = (typeof ORIGINALS)[number] | "shim";

/** Whose function the shim's stands for. */
function peerOf({ symbol }: Row): (typeof ORIGINALS)[number] {
  if (symbol.startsWith("gssrpc_")) return "libgssrpc";
  return symbol === "bindresvport_sa" ? "libtirpc" : "glibc";
}

/** Runs every row with one implementation, each in a process of its own, and returns what each printed on one line. */
async function observe(program: string, preload: string): Promise<Map<Row, string>> {
  const support = await sandboxSupport();
  if (!support.works) throw new Error(support.reason);
  const calls = rows.map(
    (row) => `LD_PRELOAD=$LIBRARY "$PIDEXEC" --pid ${PID} -- "$PROGRAM" ${row.symbol} ${row.steps}`,
  );
  const result = await runInSandbox(support.kind, {
    script: calls.map((call) => `${call} | tr '\\n' '|'\necho`).join("\n"),
    // libtirpc honours the blacklist, glibc does not: an empty one lets both show their own order.
    etc: { "bindresvport.blacklist": "" },
    environment: { PROGRAM: program, LIBRARY: preload, PIDEXEC: `${stagedNatives()}/portreserve-pidexec` },
  });
  if (result.outcome !== "ended" || result.stderr !== "") throw new Error(JSON.stringify(result));
  const lines = result.stdout.split("\n");
  return new Map(rows.map((row, i) => [row, lines[i]?.replace(/\|$/, "").replaceAll("|", " | ") ?? ""]));
}

describe.skipIf(reason !== undefined)(named("allocators, without a table", reason), () => {
  const observed = new Map<Implementation, Map<Row, string>>();

  beforeAll(async () => {
    observed.set("glibc", await observe(compileC(ALLOCATOR), ""));
    observed.set("shim", await observe(compileC(ALLOCATOR), `${stagedNatives()}/libportreserve.so`));
    if (libtirpc !== undefined) observed.set("libtirpc", await observe(compileC(ALLOCATOR, [libtirpc]), ""));
    // The program's references to it are weak, and no reason for a linker to keep it.
    const linked = ["-Wl,--no-as-needed", libgssrpc ?? ""];
    if (libgssrpc !== undefined) observed.set("libgssrpc", await observe(compileC(ALLOCATOR, linked), ""));
  });

  for (const row of rows) {
    const peer = peerOf(row);

    for (const original of ORIGINALS) {
      if (row[original] === undefined) continue;
      const obstacle = lacking[original];
      it.skipIf(obstacle !== undefined)(named(`${original}'s ${row.symbol} ${row.does}`, obstacle), () => {
        // The originals leave errno as their last failed attempt set it; the shim does not.
        expect(observed.get(original)?.get(row)?.replaceAll(" errno-changed", "")).toBe(row[original]);
      });
    }

    it(`the shim's ${row.symbol} ${row.does}`, () => {
      expect(observed.get("shim")?.get(row)).toBe(row.shim);
      expect(row.shim !== row[peer], `a difference from ${peer} is listed with its reason, and only then`).toBe(
        row.because !== undefined,
      );
    });
  }
});
