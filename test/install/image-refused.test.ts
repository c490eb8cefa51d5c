// install, uninstall and compile --root that are refused: the image is as it was.
import { expect, test } from "vitest";
import { treeOf } from "../support/host.ts";
import { imageOf, run, withoutLock } from "./image.ts";

test("what is refused of an image leaves nothing in it, not even the lock", () => {
  const many = Array.from({ length: 424 }, (_, index) => `${600 + index}\n`).join("");
  const cases: readonly [string[], Readonly<Record<string, string>>, RegExp][] = [
    [["compile"], { "etc/portreserve/many": many }, /error: no port of .* would be left/],
    [["uninstall"], { "etc/ld.so.preload/folder": "" }, /error: .*directory/],
    [["install"], { "etc/ld.so.preload/folder": "" }, /error: .*directory/],
  ];
  for (const [args, files, said] of cases) {
    const root = imageOf(files);
    const before = treeOf(root);
    const refused = run(...args, "--root", root);
    expect(refused.stderr).toMatch(said);
    expect(refused.status).not.toBe(0);
    expect(treeOf(root)).toBe(before);
  }
  // The control: what is done leaves the lock.
  const root = imageOf();
  expect(run("compile", "--root", root).status).toBe(0);
  expect(treeOf(root)).not.toBe(withoutLock(treeOf(root)));
});
