// The script of an archive edits the preload list just as the manager does, byte for byte: its awk beside core/preload-list.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { SETUP_LIST } from "../../src/core/export/setup-list.ts";
import { loadedNames } from "../../src/core/preload-list/loaded.ts";
import { withEntry } from "../../src/core/preload-list/with-entry.ts";
import { withoutEntry } from "../../src/core/preload-list/without-entry.ts";
import { ENTRY, listWithoutNul, PECULIAR } from "../core/preload-list-lists.ts";
import { named, skipReason } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { FULL } from "../support/full.ts";

/** Each awk that a host may have, where it is here. */
const AWKS = ["mawk", "gawk", "original-awk", "busybox awk"]
  .map((command) => command.split(" "))
  .filter(([program = ""]) => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0);
const reason = skipReason({ program: "awk", package: "mawk" });

const LISTS = [
  ...PECULIAR.map(([list]) => list),
  ...[
    "",
    "/a.so",
    "/a.so\n",
    `# ${ENTRY}\n`,
    `/a ${ENTRY}\n${ENTRY}\n/b ${ENTRY}:${ENTRY} /c`,
    `${ENTRY}\n`,
    `${ENTRY} \n`,
  ],
  ...fc.sample(listWithoutNul, { seed: 19, numRuns: FULL ? 400 : 40 }),
].filter((list) => !list.includes("\0"));

const EDIT = `list=/none; entry=$1; shift
n=0
while [ -f "$n" ]; do
  for verb in add remove others has; do
    list_text $verb $n >"$n.$verb"
    echo $? >"$n.$verb.status"
  done
  n=$((n + 1))
done`;

interface Edited {
  readonly status: number;
  readonly text: string;
}

/** What the script makes of each list, by verb. */
function edited(awk: readonly string[]): (n: number, verb: string) => Edited {
  const folder = scratch();
  for (const [n, list] of LISTS.entries()) writeFileSync(path.join(folder, String(n)), list, "latin1");
  const script = `awk() { command ${awk.join(" ")} "$@"; }\nLC_ALL=C; export LC_ALL\n${SETUP_LIST}\n${EDIT}`;
  const { status, stderr } = spawnSync("sh", ["-c", script, "sh", ENTRY], { cwd: folder, encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return (n, verb) => ({
    status: Number(readFileSync(path.join(folder, `${n}.${verb}.status`), "utf8")),
    text: readFileSync(path.join(folder, `${n}.${verb}`), "latin1"),
  });
}

/** What the manager makes of it. */
function wanted(list: string): Readonly<Record<string, Edited>> {
  const bytes = Buffer.from(list, "latin1");
  const placed = withEntry(bytes, ENTRY);
  if (placed.outcome !== "placed") throw new Error("the manager finds no place");
  const rest = withoutEntry(bytes, ENTRY);
  const names = loadedNames(bytes);
  const others = names.filter((name) => name !== ENTRY);
  return {
    add: { status: 0, text: Buffer.from(placed.bytes).toString("latin1") },
    remove: rest === undefined ? { status: 9, text: "" } : { status: 0, text: Buffer.from(rest).toString("latin1") },
    others: { status: 0, text: others.map((name) => `${name}\n`).join("") },
    has: { status: others.length < names.length ? 0 : 1, text: "" },
  };
}

test.skipIf(reason !== undefined).each(AWKS.map((awk) => [awk.join(" "), awk] as const))(
  named(`${LISTS.length} lists come out of %s as out of the manager`, reason),
  (_, awk) => {
    const of = edited(awk);
    const wrong = LISTS.flatMap((list, n) =>
      Object.entries(wanted(list)).flatMap(([verb, right]) => {
        const got = of(n, verb);
        return got.status === right.status && got.text === right.text ? [] : [{ list, verb, got, right }];
      }),
    );
    expect(wrong).toEqual([]);
    // Among them are lists with comments that a line in another place would make names of.
    expect(LISTS.filter((list) => (list.match(/#/g)?.length ?? 0) > 2).length).toBeGreaterThan(20);
  },
);
