// Among libraries that hosts really preload: four others and the shim, in every order.
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { native } from "../../src/core/native.ts";
import { named } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { debianRoot, noDebianRoot } from "../support/roots/debian.ts";
import { built, tableOf } from "../support/sandbox.ts";
import { staged } from "../support/stage/stage.ts";
import { keep, played, program } from "./scene.ts";
import { EACH_TABLE, STRAITS_PARTS } from "./straits-cases.ts";

/** Where each is below the folder of libraries. The torsocks of Debian 11 answers ENOSYS to system calls by number that it does not know. */
const OTHERS = {
  libjemalloc2: "libjemalloc.so.2",
  libeatmydata1: "libeatmydata.so",
  libfaketime: "faketime/libfaketimeMT.so.1",
  torsocks: "torsocks/libtorsocks.so",
  authbind: "../authbind/libauthbind.so.1",
} as const;
const ROOT = { suite: "bullseye", include: Object.keys(OTHERS) };

function library(of: keyof typeof OTHERS): string {
  const lib = path.join(debianRoot(ROOT), "usr/lib");
  const ownFolder = readdirSync(lib).find((name) => name.endsWith("-linux-gnu")) ?? "";
  return staged(path.join(lib, ownFolder, OTHERS[of]));
}

function orders<T>(list: readonly T[]): readonly (readonly T[])[] {
  if (list.length === 0) return [[]];
  return list.flatMap((first, index) => orders(list.toSpliced(index, 1)).map((rest) => [first, ...rest]));
}

/** Those that live together: with jemalloc, faketime ends every program and torsocks hangs it, as the last test shows. */
const GROUPS = [
  ["libeatmydata1", "libfaketime", "torsocks", "authbind"],
  ["libjemalloc2", "libeatmydata1", "authbind"],
] as const;
const groups = (): readonly (readonly string[])[] => GROUPS.map((names) => names.map((name) => library(name)));

/** What its package brings, or torsocks says so. */
const SETTINGS = {
  "tor/torsocks.conf": "TorAddress 127.0.0.1\nTorPort 9050\nOnionAddrRange 127.42.42.0/24\n",
} as const;

/** Each line of the file is one LD_PRELOAD; prints each different answer once, with how many gave it. */
const EACH_ORDER = `
while read -r preloads; do
  cp /etc/first.table /etc/portreserve.table.new && mv /etc/portreserve.table.new /etc/portreserve.table
  cp /etc/next.kept /etc/next.table
  "$PIDEXEC" --pid "$THIEF" -- env FAKETIME=-1d AUTHBIND_LEVELS=y LD_PRELOAD="$preloads" \\
    "$PROGRAM" bindresvport kind:tcp ${EACH_TABLE.join(" ")} | tr '\\n' ' '
  echo
done <"$ORDERS" | sort | uniq -c`;

async function answers(preloads: readonly (readonly string[])[]): Promise<readonly string[]> {
  const file = path.join(scratch(), "orders");
  writeFileSync(file, preloads.map((list) => `${list.join(":")}\n`).join(""));
  const text = await played(EACH_ORDER, "straits", "glibc", {
    timeout: 250_000,
    others: STRAITS_PARTS,
    etc: {
      ...SETTINGS,
      "first.table": tableOf(631, 633),
      "next.kept": tableOf(637),
      "next.table": tableOf(637),
      "retired.mark": native().retiredMark,
    },
    environment: { ORDERS: staged(file) },
  });
  return text.split("\n").map((line) => line.trim());
}

/** 100,000 calls of four threads; ports of 600-640 are reserved. */
async function storm(preloads: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const script = `: >"$SCRATCH/enough"
FAKETIME=-1d AUTHBIND_LEVELS=y LD_PRELOAD="$PRELOADS" "$STORM" rresvport_af 100000 "$SCRATCH/enough" 600-640 700-740 800-840`;
  const environment = { PRELOADS: preloads.join(":"), STORM: program("storm", "glibc") };
  return JSON.parse(await played(script, "storm", "glibc", { environment, etc: SETTINGS }));
}

export async function definePreloads(): Promise<void> {
  const reason = await noDebianRoot(ROOT);
  describe.skipIf(reason !== undefined)(
    named("among jemalloc, eatmydata, faketime, torsocks and authbind", reason),
    () => {
      it("the shim obeys each table in every order with those that live together", async () => {
        const tried = groups().flatMap((group) => orders([...group, built.shim]));
        expect(tried).toHaveLength(120 + 24);
        const found = await answers(tried);
        keep("a reserved port is handed out beside other preloads (each order)", tried.length, found.length - 1);
        expect(found).toEqual([`${tried.length} 632 634 635 636 638`]);
      }, 300_000);

      it("control: without the shim, no order obeys any", async () => {
        const tried = groups().flatMap((group) => orders(group));
        expect(await answers(tried)).toEqual([`${tried.length} 631 632 633 634 635`]);
      }, 300_000);

      it.each(["first", "last"])("threads get no reserved port with the others and the shim %s", async (where) => {
        for (const group of groups()) {
          const shim = await storm(where === "first" ? [built.shim, ...group] : [...group, built.shim]);
          expect(shim).toMatchObject({ failed: 0, errnoChanged: 0, always: 0 });
          expect((await storm(group)).always).toBeGreaterThan(0);
        }
      });

      it.each([
        ["libfaketime", 128 + 11],
        ["torsocks", 124],
      ] as const)("jemalloc and %s end or hang a program by themselves", async (other, status) => {
        const script = `{ timeout 2 env LD_PRELOAD="$PRELOADS" "$PROBE" --symbol bindresvport; echo $?; } 2>"$SCRATCH/said"`;
        const PRELOADS = [library("libjemalloc2"), library(other)].join(":");
        expect(await played(script, "storm", "glibc", { environment: { PRELOADS } })).toBe(String(status));
      });
    },
  );
}
