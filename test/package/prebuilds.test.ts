// The package's native parts: made again they are the same, and nothing is made without a compiler.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { named, skipReason } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { ARCHS, type Arch, notPrebuilt, PARTS, prebuiltFolder } from "./prebuilt.ts";

const SCRIPT = path.join(packageRoot, "scripts/prebuild.mjs");

function prebuild(args: readonly string[], env: Readonly<Record<string, string | undefined>>) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], { encoding: "utf8", env });
  return { status, stdout, stderr };
}

const compilers: Readonly<Record<Arch, { program: string; package: string }>> = {
  x64: { program: "x86_64-linux-gnu-g++", package: "g++-x86-64-linux-gnu" },
  arm64: { program: "aarch64-linux-gnu-g++", package: "g++-aarch64-linux-gnu" },
};

for (const arch of ARCHS) {
  const reason = notPrebuilt(arch) ?? skipReason(compilers[arch], ...(arch === "x64" ? (["i386"] as const) : []));
  describe.skipIf(reason !== undefined)(named(`the parts for ${arch}`, reason), () => {
    test("are all there, and nothing else is", () => {
      expect(readdirSync(prebuiltFolder(arch)).sort()).toEqual(PARTS[arch]);
    });

    test("are the same bytes when they are built again elsewhere, and have no path of this machine", () => {
      const out = path.join(scratch(), "at/another/depth");
      const made = spawnSync("npm", ["run", "--silent", "prebuild", "--", "--arch", arch, "--out", out], {
        cwd: packageRoot,
        encoding: "utf8",
      });
      expect(made).toMatchObject({ status: 0, stderr: "" });
      expect(readdirSync(out)).toEqual([`linux-${arch}`]);
      const again = path.join(out, `linux-${arch}`);
      expect(readdirSync(again).sort()).toEqual(PARTS[arch]);
      for (const name of PARTS[arch]) {
        const bytes = readFileSync(path.join(again, name));
        expect(bytes.equals(readFileSync(path.join(prebuiltFolder(arch), name))), name).toBe(true);
        expect(bytes.includes(packageRoot), name).toBe(false);
        expect(bytes.includes(out), name).toBe(false);
      }
    });
  });
}

test("without a cross compiler nothing is made, and the package that has one is named", () => {
  const other = process.arch === "x64" ? "arm64" : "x64";
  const out = scratch();
  expect(prebuild(["--arch", other, "--out", out], { PATH: "/nonexistent" })).toEqual({
    status: 1,
    stdout: "",
    stderr:
      `error: no compiler for ${other}: '${compilers[other].program}' is missing\n` +
      `hint: sudo apt-get install ${compilers[other].package}; '--arch' builds for one processor only\n`,
  });
  expect(readdirSync(out)).toEqual([]);
});

test("is not packed while a part is missing", () => {
  const folder = scratch();
  const put = (name: string): void => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), "");
  };
  mkdirSync(path.join(folder, "scripts"));
  for (const name of ["prepack.mjs", "parts.mjs", "step.mjs"]) {
    copyFileSync(path.join(packageRoot, "scripts", name), path.join(folder, "scripts", name));
  }
  const prepack = () => {
    const { status, stderr } = spawnSync(process.execPath, ["scripts/prepack.mjs"], { cwd: folder, encoding: "utf8" });
    return { status, stderr };
  };
  for (const name of ["dist/portreservectl.mjs", "dist/portrelease.js"]) put(name);
  for (const arch of ARCHS) for (const name of PARTS[arch]) put(`prebuilds/linux-${arch}/${name}`);
  expect(prepack()).toEqual({ status: 0, stderr: "" });
  rmSync(path.join(folder, "prebuilds/linux-arm64/portreserve-probe"));
  expect(prepack()).toEqual({
    status: 1,
    stderr: "error: 'prebuilds/linux-arm64/portreserve-probe' is missing: 'npm run prebuild' makes it\n",
  });
});
