// Images with services, of other machines, and with a configuration that is not all right.
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { HOLDER_FILE } from "../../src/system/paths.ts";
import { notPrebuilt, prebuiltFolder } from "../package/prebuilt.ts";
import { named } from "../support/can.ts";
import { makeRoot, put, SERVICES } from "../support/cli.ts";
import { ENTRY, LIST, library, treeOf } from "../support/host.ts";
import { giveAway, imageOf, noUnits, run, SYSTEMD, withoutLock } from "./image.ts";

describe("a service of an image", () => {
  const image = (): string =>
    imageOf({ ...SYSTEMD, "usr/lib/systemd/system/rpc.service": "[Service]\nExecStart=/bin/true\n" });
  const DROP_IN = "etc/systemd/system/rpc.service.d/50-portreserve.conf";

  test("is covered without the list, and the list is not read as covering it by a comment", () => {
    const root = image();
    writeFileSync(root + LIST, `# ${ENTRY}\n`);
    giveAway(root);
    const before = treeOf(root);
    expect(run("install", "--root", root, "--unit", "rpc")).toMatchObject({ status: 0, stderr: "" });
    const installed = treeOf(root);
    expect(installed).toContain(`${root}/${DROP_IN} file`);
    expect(installed).toContain(`${root}${library} file`);
    expect(run("uninstall", "--root", root, "--unit", "rpc")).toMatchObject({ status: 0, stderr: "" });
    rmSync(path.join(root, "etc/systemd"), { recursive: true, force: true });
    expect(withoutLock(treeOf(root))).toBe(before);
  });

  test("keeps the library when only the list is taken away", () => {
    const root = image();
    expect(run("install", "--root", root).status).toBe(0);
    expect(run("install", "--root", root, "--unit", "rpc.service").status).toBe(0);
    expect(run("uninstall", "--root", root)).toEqual({
      status: 0,
      stdout: `removed: '${LIST}'\nremoved: '/etc/systemd/system/portreserve-hold.service'\nremoved: '${HOLDER_FILE}'\n`,
      stderr: `portreservectl: note: '/${DROP_IN}' uses the shim, so the shim, its table and the manager stay
hint: 'portreservectl uninstall --unit rpc.service --root ${root}' removes it
`,
    });
    expect(treeOf(root)).toContain(`${root}${library} file`);
    expect(run("uninstall", "--root", root, "--unit", "rpc").status).toBe(0);
    expect(treeOf(root)).not.toContain("libportreserve.so");
  });
});

const CROSS = "/usr/aarch64-linux-gnu/lib";
const noArm64 =
  notPrebuilt("arm64") ?? (existsSync(`${CROSS}/libc.so.6`) ? undefined : "the package libc6-arm64-cross is missing");

test.skipIf(noArm64 !== undefined)(named("an image of another machine gets that machine's shim", noArm64), () => {
  const root = makeRoot({ "etc/services": SERVICES, "etc/portreserve/cups": "631\n" });
  const folder = "usr/lib/aarch64-linux-gnu";
  for (const name of ["ld-linux-aarch64.so.1", "libc.so.6"])
    put(root, `${folder}/${name}`, readFileSync(`${CROSS}/${name}`));
  mkdirSync(path.join(root, "lib"));
  symlinkSync(`/${folder}/ld-linux-aarch64.so.1`, path.join(root, "lib/ld-linux-aarch64.so.1"));
  giveAway(root);
  expect(run("install", "--root", root)).toEqual({
    status: 0,
    stdout: `written: '/${folder}/portreserve/libportreserve.so'
written: '/${folder}/portreserve/libportreserve-high.so'
written: '/${folder}/portreserve/libportreserve-share.so'
+ 631/tcp+udp
written: '/etc/portreserve.table'
written: '${LIST}'
written: '/usr/lib/portreserve/portreserve-hold'
prepared: programs of this system are covered once it runs (1 ABI; nothing of it was run)
`,
    stderr: noUnits(root),
  });
  expect(readFileSync(path.join(root, "usr/lib/portreserve/portreserve-hold"))).toEqual(
    readFileSync(path.join(prebuiltFolder("arm64"), "portreserve-hold")),
  );
  expect(readFileSync(path.join(root, folder, "portreserve/libportreserve.so"))).toEqual(
    readFileSync(path.join(prebuiltFolder("arm64"), "libportreserve.so")),
  );
});

test("rejected lines are left out and told of, and the rest is installed", () => {
  const root = imageOf({ "etc/portreserve/mail": "nonsense!\n993\n" });
  const { status, stdout, stderr } = run("install", "--root", root);
  expect({ status, rows: stdout.match(/^\+ .*/gm) }).toEqual({ status: 1, rows: ["+ 631/tcp+udp", "+ 993/tcp+udp"] });
  expect(stderr).toContain("/etc/portreserve/mail:1:1: ");
  expect(stderr).toContain(
    "portreservectl: warning: left out: 1 rejected line or file; everything else is in the table\n",
  );
  expect(run("install", "--root", root).status).toBe(1);
});
