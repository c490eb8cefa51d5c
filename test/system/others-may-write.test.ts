// What somebody else than root could put something else into: folders, links and files on the way to a name.
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { refuseOthersImage } from "../../src/system/files/image-owner.ts";
import { othersMayWrite } from "../../src/system/files/others-may-write.ts";
import { openRoot, resolveUnder } from "../../src/system/files/rooted.ts";
import { named, skipReason } from "../support/can.ts";
import { makeRoot, put, scratch } from "../support/cli.ts";

const NOBODY = 65534;
const reason = skipReason("root");

describe.skipIf(reason !== undefined)(named("somebody else than root may change", reason), () => {
  let root = "";
  beforeAll(() => {
    root = makeRoot({ "usr/lib/a.so": "", "usr/lib/theirs.so": "", "home/u/b.so": "", "tmp/c.so": "" });
    chownSync(path.join(root, "usr/lib/theirs.so"), NOBODY, NOBODY);
    chownSync(path.join(root, "home/u"), NOBODY, NOBODY);
    chmodSync(path.join(root, "tmp"), 0o1777);
    put(root, "open/d.so", "");
    chmodSync(path.join(root, "open"), 0o775);
    for (const [link, target] of [
      ["usr/lib/to-home.so", "/home/u/b.so"],
      ["usr/lib/to-a.so", "../../usr/lib/a.so"],
      ["usr/lib/round.so", "round.so"],
      ["usr/lib/theirs-link.so", "a.so"],
      ["lib", "usr/lib"],
    ] as const) {
      symlinkSync(target, path.join(root, link));
    }
    lchownSync(path.join(root, "usr/lib/theirs-link.so"), NOBODY, NOBODY);
  });

  test.each([
    ["nothing on the way to a file of root's", "/usr/lib/a.so", undefined],
    ["nothing that is missing in a folder of root's", "/usr/lib/none/at/all.so", undefined],
    ["a file of his", "/usr/lib/theirs.so", "/usr/lib/theirs.so"],
    ["a folder of his on the way", "/home/u/b.so", "/home/u"],
    ["what a link of root's leads to", "/usr/lib/to-home.so", "/home/u"],
    ["nothing behind a link that stays with root", "/lib/to-a.so", undefined],
    ["a link of his, wherever it leads", "/usr/lib/theirs-link.so", "/usr/lib/theirs-link.so"],
    ["a folder that a group may write", "/open/d.so", "/open"],
    ["nothing that root has put where everybody may", "/tmp/c.so", undefined],
    ["what root has not put there yet", "/tmp/later.so", "/tmp"],
    ["nothing above the root, whatever '..' says", "/../../usr/lib/a.so", undefined],
  ] as const)("%s", (_, file, found) => {
    expect(othersMayWrite(file, root)).toBe(found);
  });

  test("the root itself", () => {
    const theirs = scratch();
    chownSync(theirs, NOBODY, NOBODY);
    expect(othersMayWrite("/none", theirs)).toBe("/");
    expect(() => othersMayWrite("/usr/lib/round.so", root)).toThrow(/ELOOP/);
  });
});

describe.skipIf(reason !== undefined)(named("an image that root works in", reason), () => {
  test("is root's in every folder that is written to, or is refused", () => {
    const image = makeRoot({ "etc/services": "" });
    expect(() => refuseOthersImage(image)).not.toThrow();
    for (const folder of ["etc", "etc/portreserve", "run", "usr/lib", "etc/systemd/system", "lib64"]) {
      mkdirSync(path.join(image, folder), { recursive: true });
      chownSync(path.join(image, folder), NOBODY, NOBODY);
      expect(() => refuseOthersImage(image)).toThrow(`'${path.join(image, folder)}'`);
      chownSync(path.join(image, folder), 0, 0);
    }
    expect(() => refuseOthersImage(image)).not.toThrow();
  });

  test("stays the one that was opened, when its name comes to mean another", () => {
    const folder = scratch();
    const image = path.join(folder, "image");
    mkdirSync(image);
    writeFileSync(path.join(image, "file"), "in the image");
    const root = openRoot(image);
    renameSync(image, path.join(folder, "away"));
    symlinkSync("/", image);
    // Another name of the same file: the image's, wherever it is now.
    linkSync(resolveUnder(root, "/file"), path.join(folder, "found"));
    expect(readFileSync(path.join(folder, "found"), "utf8")).toBe("in the image");
    expect(othersMayWrite("/file", root)).toBeUndefined();
    expect(() => openRoot(path.join(folder, "none"))).toThrow(/cannot use/);
  });
});
