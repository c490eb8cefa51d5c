// --output: which file is written, with which mode, and what is refused.
import {
  chmodSync,
  chownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { writeOutput } from "../../src/system/files/write-output.ts";
import { named, skipReason } from "../support/can.ts";
import { scratch } from "../support/cli.ts";

const modeOf = (file: string): number => statSync(file).mode & 0o7777;

test("makes a file that everybody may read, and keeps the mode of one that is there", () => {
  const file = path.join(scratch(), "x.prom");
  writeOutput(file, "one\n");
  expect([readFileSync(file, "utf8"), modeOf(file)]).toEqual(["one\n", 0o644]);
  chmodSync(file, 0o600);
  writeOutput(file, "two\n");
  expect([readFileSync(file, "utf8"), modeOf(file)]).toEqual(["two\n", 0o600]);
  expect(readdirSync(path.dirname(file))).toEqual(["x.prom"]);
});

test("hands on no bit that makes a program more than its caller", () => {
  const file = path.join(scratch(), "x.prom");
  writeFileSync(file, "");
  chmodSync(file, 0o6755);
  writeOutput(file, "one\n");
  expect(modeOf(file)).toBe(0o755);
});

test("refuses a link, and leaves what it leads to as it was", () => {
  const folder = scratch();
  const [link, file] = [path.join(folder, "link"), path.join(folder, "file")];
  writeFileSync(file, "before");
  chmodSync(file, 0o600);
  symlinkSync(file, link);
  expect(() => writeOutput(link, "after")).toThrow(`will not follow the link '${link}'`);
  expect([readFileSync(file, "utf8"), modeOf(file), lstatSync(link).isSymbolicLink()]).toEqual(["before", 0o600, true]);
});

test("follows its own links on the way, relative, absolute and up, and those of /proc", () => {
  const folder = scratch();
  mkdirSync(path.join(folder, "real/below"), { recursive: true });
  symlinkSync("real", path.join(folder, "link"));
  symlinkSync("..", path.join(folder, "real/below/up"));
  symlinkSync(path.join(folder, "link/below/up"), path.join(folder, "absolute"));
  symlinkSync("round", path.join(folder, "round"));
  for (const [way, text] of [
    ["link", "one"],
    ["absolute", "two"],
    ["real/below/up", "three"],
  ] as const) {
    writeOutput(path.join(folder, way, "x.prom"), text);
    expect(readFileSync(path.join(folder, "real/x.prom"), "utf8")).toBe(text);
  }
  writeOutput(`/proc/${process.pid}/root${folder}/x.prom`, "four");
  expect(readFileSync(path.join(folder, "x.prom"), "utf8")).toBe("four");
  expect(() => writeOutput(path.join(folder, "round/x.prom"), "")).toThrow(/ELOOP|too many/);
});

test("says why there is no such folder", () => {
  const file = path.join(scratch(), "none/x.prom");
  expect(() => writeOutput(file, "")).toThrow(`cannot write '${file}': there is no folder`);
});

const reason = skipReason("root");
test.skipIf(reason !== undefined)(named("refuses another user's link on the way", reason), () => {
  const folder = scratch();
  mkdirSync(path.join(folder, "real"));
  const link = path.join(folder, "link");
  symlinkSync("real", link);
  lchownSync(link, 65534, 65534);
  expect(() => writeOutput(path.join(link, "x.prom"), "")).toThrow("will not follow another user's link on the way");
  expect(readdirSync(path.join(folder, "real"))).toEqual([]);
});

test.skipIf(reason !== undefined)(
  named("refuses another user's file only where everybody may make files, and keeps its owner elsewhere", reason),
  () => {
    const folder = scratch();
    const file = path.join(folder, "x.prom");
    writeFileSync(file, "before");
    chownSync(file, 65534, 65534);
    writeOutput(file, "after");
    expect([readFileSync(file, "utf8"), statSync(file).uid]).toEqual(["after", 65534]);
    chmodSync(folder, 0o1777);
    expect(() => writeOutput(file, "again")).toThrow(
      "it is another user's, in a folder where everybody may make files",
    );
    expect(readFileSync(file, "utf8")).toBe("after");
    chownSync(file, 0, 0);
    writeOutput(file, "again");
    expect(readFileSync(file, "utf8")).toBe("again");
  },
);
