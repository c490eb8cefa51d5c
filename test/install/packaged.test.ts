// An image that has the package of a distribution: install and uninstall from outside leave alone what dpkg or rpm owns there.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { ctl, makeRoot, SERVICES } from "../support/cli.ts";

const LIBRARY = "usr/lib/x86_64-linux-gnu/portreserve/libportreserve.so";
const mark = (packagedBy: object): string =>
  `${JSON.stringify({ name: "portreserve", version: "0.1.0", type: "module", ...packagedBy })}\n`;

function image(packagedBy: object): string {
  return makeRoot({
    "etc/services": SERVICES,
    "usr/lib/portreserve/package.json": mark(packagedBy),
    [LIBRARY]: "\0portreserve_shim\0",
  });
}

test.each([
  ["install", "dpkg"],
  ["uninstall", "dpkg"],
  ["install", "rpm"],
  ["uninstall", "rpm"],
])("%s refuses beside a package of %s, and names the manager that may", (verb, packagedBy) => {
  const root = image({ packagedBy });
  const { status, stdout, stderr } = ctl([verb, "--root", root]);
  expect({ status, stdout, stderr }).toEqual({
    status: 5,
    stdout: "",
    stderr: `portreservectl: error: '/usr/lib/portreserve' belongs to a package of this system, which has a portreservectl of its own; nothing was changed
hint: run 'chroot ${root} portreservectl ${verb}'
`,
  });
  expect(readFileSync(path.join(root, "usr/lib/portreserve/package.json"), "utf8")).toBe(mark({ packagedBy }));
  expect(existsSync(path.join(root, LIBRARY))).toBe(true);
});

test("uninstall takes away what is there without a package (control)", () => {
  const root = image({});
  expect(ctl(["uninstall", "--root", root])).toMatchObject({ status: 0, stderr: "" });
  expect(existsSync(path.join(root, "usr/lib/portreserve/package.json"))).toBe(false);
  expect(existsSync(path.join(root, LIBRARY))).toBe(false);
});
