// A folder of the cache is made once and whole, or is not there, with a reason.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { named, skipReason } from "../can.ts";
import { scratch } from "../cli.ts";
import { makeOnce } from "./once.ts";

const reason = skipReason({ program: "flock", package: "util-linux" });

test.skipIf(reason !== undefined)(named("is made once where five ask for it at the same time", reason), async () => {
  const folder = path.join(scratch(), "kind/name");
  const log = path.join(scratch(), "log");
  const command = ['echo made >>"$0"; echo content >"$FRESH/file"', log];
  expect(await Promise.all(Array.from({ length: 5 }, () => makeOnce(folder, command)))).toEqual(
    Array.from({ length: 5 }, () => undefined),
  );
  expect(readFileSync(log, "utf8")).toBe("made\n");
  expect(readFileSync(path.join(folder, "file"), "utf8")).toBe("content\n");
});

test.skipIf(reason !== undefined)(
  named("is not there when the command fails, and apt's first word says why", reason),
  async () => {
    const folder = path.join(scratch(), "name");
    const command = ['echo part >"$FRESH/file"; echo "E: no such release" >&2; echo "E: failed to run" >&2; exit 3'];
    expect(await makeOnce(folder, command)).toBe("no such release");
    expect(await makeOnce(folder, ["exit 3"])).toMatch(/^Command failed: sh /);
    expect(readdirSync(path.dirname(folder))).toEqual(["name.lock"]);
  },
);

test.skipIf(reason !== undefined)(named("has nothing of what a killed maker has left", reason), async () => {
  const folder = path.join(scratch(), "name");
  mkdirSync(`${folder}.fresh`);
  writeFileSync(path.join(`${folder}.fresh`, "half"), "");
  expect(await makeOnce(folder, [': >"$FRESH/whole"'])).toBeUndefined();
  expect(readdirSync(folder)).toEqual(["whole"]);
  expect(existsSync(`${folder}.fresh`)).toBe(false);
});
