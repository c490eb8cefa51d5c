// --output: which file is written, with which mode, and what is refused.
import {
  chmodSync,
  chownSync,
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

test("follows a link on the way, which is the kernel's to judge", () => {
  const folder = scratch();
  mkdirSync(path.join(folder, "real"));
  symlinkSync("real", path.join(folder, "link"));
  writeOutput(path.join(folder, "link/x.prom"), "one");
  expect(readFileSync(path.join(folder, "real/x.prom"), "utf8")).toBe("one");
});

test("says why there is no such folder", () => {
  const file = path.join(scratch(), "none/x.prom");
  expect(() => writeOutput(file, "")).toThrow(`cannot write '${file}': no such file or directory`);
});

const reason = skipReason("root");
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
