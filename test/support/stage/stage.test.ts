// What other users run in these tests, wherever the checkout and Node are: it can be entered, and is as it was built.
import { spawnSync } from "node:child_process";
import {
  chownSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { nativeFolder, packageRoot } from "../../../src/core/native.ts";
import { named, skipReason } from "../can.ts";
import { asNobody, ctl, scratch } from "../cli.ts";
import { compileC } from "../compile-c.ts";
import { sweep } from "./set-up.ts";
import { MAIN, NODE, STAGE, staged, stagedNatives } from "./stage.ts";

test("the copy is not the checkout, its path needs no quotes, and it has the same programs", () => {
  expect(STAGE).not.toBe(packageRoot);
  expect(`${NODE}${MAIN}`).toMatch(/^[\w./+-]+$/);
  for (const name of ["portreserve.node", "libportreserve.so", "portreserve-probe"]) {
    expect(readFileSync(path.join(stagedNatives(), name)).equals(readFileSync(path.join(nativeFolder(), name)))).toBe(
      true,
    );
  }
});

const reason = skipReason("root", { program: "setpriv", package: "util-linux" });
test.skipIf(reason !== undefined)(
  named("another user runs the manager and compiled programs; not below a private folder (control)", reason),
  () => {
    expect(ctl(["--version"], { under: asNobody }).status).toBe(0);
    const [command = "", ...args] = asNobody;
    // By way of a shell: setpriv itself finds its program with the rights that it is about to give up.
    const status = (program: string): number | null =>
      spawnSync(command, [...args, "sh", "-c", 'exec "$0"', program]).status;
    const program = compileC("test/support/fault/hello.c");
    const closed = path.join(scratch(), "private");
    mkdirSync(closed, { mode: 0o700 });
    copyFileSync(program, path.join(closed, "hello"));
    expect([status(program), status(path.join(closed, "hello"))]).toEqual([0, 126]);
  },
);

test.each([
  [0o600, 0o644],
  [0o700, 0o755],
])("a file of the checkout that only its owner may read (%o) is everybody's in the copy", (own, everybody) => {
  const file = path.join(packageRoot, `.cache/own-${process.pid}/of-mode-${own.toString(8)}`);
  mkdirSync(path.dirname(file), { recursive: true });
  try {
    writeFileSync(file, "", { mode: own });
    expect(statSync(staged(file)).mode & 0o777).toBe(everybody);
  } finally {
    rmSync(path.dirname(file), { recursive: true });
  }
});

test("a run removes the copies that killed runs have left, but neither those in use nor another user's", () => {
  const place = scratch();
  const { pid: ended } = spawnSync("true");
  const make = (name: string): void => void mkdirSync(path.join(place, name, "build"), { recursive: true });
  const inUse = `portreserve-stage-${process.pid}-b`;
  const foreign = `portreserve-stage-${ended}-c`;
  for (const name of [`portreserve-stage-${ended}-a`, inUse, foreign]) make(name);
  const others = process.getuid?.() === 0 ? [foreign] : [];
  for (const name of others) chownSync(path.join(place, name), 65534, 65534);
  sweep(place);
  expect(readdirSync(place)).toEqual([inUse, ...others].sort());
});
