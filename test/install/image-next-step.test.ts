// An image whose table no program consults yet: what makes or judges the table says so, and names the command for that image.
import { expect, test } from "vitest";
import { compiled } from "../support/cli.ts";
import { imageOf, run } from "./image.ts";

const said = (verb: string, root: string): string => {
  const { stdout, stderr } = run(verb, "--root", root);
  return stdout + stderr;
};

test("an image is told to install with --root, until it has been", () => {
  const root = imageOf();
  const next = `the table is not in force yet: no program of this image loads the shim → sudo portreservectl install --root ${root}\n`;
  expect(said("check", root)).toContain(`run 'sudo portreservectl compile --root ${root}'`);
  for (const verb of ["compile", "check", "compile"])
    expect([verb, said(verb, root)]).toEqual([verb, expect.stringContaining(next)]);
  expect(run("install", "--root", root).status).toBe(0);
  for (const verb of ["compile", "check"])
    expect([verb, said(verb, root)]).toEqual([verb, expect.not.stringContaining("not in force")]);
});

test("a tree without programs is not: nothing in it could load anything", () => {
  expect(said("check", compiled())).not.toContain("not in force");
});
