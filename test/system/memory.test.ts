// What root's looks remember in /run: it is used, by whom it may be, and by nobody else. In a mount namespace with its own /run.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { nativeFolder, packageRoot } from "../../src/core/native.ts";
import { UNIT_FOLDERS } from "../../src/system/paths.ts";
import { named, skipReason } from "../support/can.ts";
import { ownHost } from "../support/own-host.ts";
import { NODE } from "../support/stage/stage.ts";

const BUNDLE = path.join(packageRoot, "dist", "portreservectl.mjs");
const FILE = "/run/portreserve.seen";
const SLEEP = "/usr/bin/sleep";

const oneDevice = statSync(SLEEP).dev === statSync("/usr").dev;
const PROBE = path.join(nativeFolder(), "portreserve-probe");

const reason =
  skipReason("root") ?? (oneDevice ? undefined : "an overlay gives files another device than their folders");
const hasUnits = UNIT_FOLDERS.some(
  (folder) => existsSync(folder) && readdirSync(folder).some((name) => name.endsWith(".service")),
);
const unitReason = reason ?? (hasUnits ? undefined : "this host has no services");

/** Changes what the file says of sleep(1), or all of it, by an expression in `kept` and `sleep`. */
const changed = (expression: string): string =>
  `"$1" -e '
    const { readFileSync, statSync, writeFileSync } = require("node:fs");
    const kept = JSON.parse(readFileSync("${FILE}"));
    const { dev, ino } = statSync("${SLEEP}", { bigint: true });
    const sleep = kept.files.find(([key]) => key === dev + ":" + ino)[1];
    ${expression};
    writeFileSync("${FILE}", JSON.stringify(kept))'`;
const PLANTED = changed('sleep.elf.calls = ["bindresvport"]');

/** Names of the allocators among the processes that a look sees after `script`. */
function seenAfter(script: string): readonly string[] {
  return allocatorsAfter(script)
    .filter(({ kind }) => kind === "process")
    .map(({ name }) => name ?? "");
}

/** Paths of those that would start. */
function programsAfter(script: string): readonly string[] {
  return allocatorsAfter(script)
    .filter(({ kind }) => kind === "program")
    .map(({ program }) => program ?? "");
}

interface Allocator {
  readonly kind: string;
  readonly name?: string;
  readonly program?: string;
}

/** On a host of its own where sleep runs. */
function allocatorsAfter(script: string): readonly Allocator[] {
  const whole = `mount -t tmpfs -o mode=755 none /run && { ${SLEEP} 1000 & }
"$1" "$2" status --json >/dev/null
${script}
"$1" "$2" status --json
kill $!`;
  const { stdout, stderr } = spawnSync("unshare", [...ownHost(whole), NODE, BUNDLE, PROBE], { encoding: "utf8" });
  if (stderr !== "") throw new Error(stderr);
  return (JSON.parse(stdout) as { allocators: readonly Allocator[] }).allocators;
}

test.skipIf(reason !== undefined)(named("is used where root alone may have written it (control)", reason), () => {
  expect(seenAfter(":")).toEqual([]);
  expect(seenAfter(PLANTED)).toEqual(["sleep"]);
});

test.skipIf(reason !== undefined).each([
  ["of a file that has changed", changed('sleep.elf.calls = ["bindresvport"]; sleep.version = "1 1 1"')],
  ["by another version of the manager", changed('sleep.elf.calls = ["bindresvport"]; kept.by = "1:1 1 1 1"')],
  ["that another user owns", `${PLANTED}; chown 65534 ${FILE}`],
  ["that a group may write", `${PLANTED}; chmod 620 ${FILE}`],
  ["in a folder that everybody may write", `${PLANTED}; chmod 1777 /run`],
  ["that is cut off", `${PLANTED}; truncate -s 1000 ${FILE}`],
])(named("is not used %s", reason), (_, script) => {
  expect(seenAfter(script)).toEqual([]);
});

test.skipIf(reason !== undefined)(named("is root's alone", reason), () => {
  expect(() => seenAfter(`stat -c '%u %a' ${FILE} >&2`)).toThrow("0 600\n");
});

/** Changes what the file says of the first unit that starts something: it starts what allocates, and does not run. */
const plantedUnit = (more: string): string =>
  `"$1" -e '
    const { readFileSync, writeFileSync } = require("node:fs");
    const kept = JSON.parse(readFileSync("${FILE}"));
    const unit = kept.units.find(([, , said]) => said.programs?.length > 0);
    unit[2].programs = [process.argv[1]];
    ${more};
    writeFileSync("${FILE}", JSON.stringify(kept))' "$3"`;

test.skipIf(unitReason !== undefined)(
  named("what a unit's files say is used, as long as they are the same", unitReason),
  () => {
    expect(programsAfter(":")).not.toContain(PROBE);
    expect(programsAfter(plantedUnit(""))).toContain(PROBE);
    expect(programsAfter(plantedUnit('unit[1] = unit[1].replace(/ [0-9]+ 0$/, " 1 0")'))).not.toContain(PROBE);
    expect(programsAfter(`${plantedUnit("")}; chmod 620 ${FILE}`)).not.toContain(PROBE);
  },
);
