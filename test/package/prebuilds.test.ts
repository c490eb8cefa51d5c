// The package's native parts: made again they are the same, and nothing is made without a compiler.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { named, skipReason } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { nodeLayer, noNode } from "../support/roots/node.ts";
import { NODES } from "./machines.ts";
import { ARCHS, type Arch, notPrebuilt, PARTS, prebuiltFolder } from "./prebuilt.ts";

/** In milliseconds, for a build on a machine that is busy. */
const LONG = 480_000;

const SCRIPT = path.join(packageRoot, "scripts/prebuild.mjs");

function prebuild(args: readonly string[], env: Readonly<Record<string, string | undefined>>) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], { encoding: "utf8", env });
  return { status, stdout, stderr };
}

const compilers: Readonly<Record<Arch, { program: string; package: string }>> = {
  x64: { program: "x86_64-linux-gnu-g++", package: "g++-x86-64-linux-gnu" },
  arm64: { program: "aarch64-linux-gnu-g++", package: "g++-aarch64-linux-gnu" },
};

/** Another checkout of these sources, as somebody else might have it. */
function checkout(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const name of ["package.json", "binding.gyp", "native", "scripts"]) {
    cpSync(path.join(packageRoot, name), path.join(folder, name), { recursive: true });
  }
  symlinkSync(path.join(packageRoot, "node_modules"), path.join(folder, "node_modules"));
  return folder;
}

/** `npm run build:prebuilt` there, with a umask that is nobody's. */
function built(folder: string, arch: Arch, out: string, env: Readonly<Record<string, string>> = {}) {
  const build = `umask 077; exec npm run --silent build:prebuilt -- --arch ${arch} --out '${out}'`;
  return spawnSync("sh", ["-c", build], { cwd: folder, encoding: "utf8", env: { ...process.env, ...env } });
}

/** The parts of a build that are not what is in prebuilds/. */
function differing(arch: Arch, out: string): readonly string[] {
  const bytes = (folder: string, name: string): Buffer => readFileSync(path.join(folder, name));
  return PARTS[arch].filter(
    (name) => !bytes(prebuiltFolder(arch), name).equals(bytes(path.join(out, `linux-${arch}`), name)),
  );
}

/** Puts another letter into one text of one program of a checkout. */
function change(folder: string): void {
  const file = path.join(folder, "native/probe/pidexec.c");
  const source = readFileSync(file, "utf8");
  writeFileSync(file, source.replace('"usage: portreserve-pidexec ', '"usage: portreserve-pidexes '));
  expect(readFileSync(file, "utf8")).not.toBe(source);
}

/** What differs in a build elsewhere. For arm64 one text is changed in it: the control, that a difference is seen. */
const DIFFERING: Readonly<Record<Arch, readonly string[]>> = { x64: [], arm64: ["SHA256SUMS", "portreserve-pidexec"] };

const [, , OTHER_NODE] = NODES;
const noOtherNode = await noNode(OTHER_NODE);
for (const arch of ARCHS) {
  const reason = notPrebuilt(arch) ?? skipReason(compilers[arch], ...(arch === "x64" ? (["i386"] as const) : []));
  describe.skipIf(reason !== undefined)(named(`the parts for ${arch}`, reason), () => {
    test("are all there, and nothing else is", () => {
      expect(readdirSync(prebuiltFolder(arch)).sort()).toEqual(PARTS[arch]);
    });

    test("are listed with their sums, as sha256sum checks them", () => {
      const { status, stdout, stderr } = spawnSync("sha256sum", ["--check", "--strict", "SHA256SUMS"], {
        cwd: prebuiltFolder(arch),
        encoding: "utf8",
      });
      const rest = PARTS[arch].filter((name) => name !== "SHA256SUMS");
      expect({ status, stderr, lines: stdout.trimEnd().split("\n") }).toEqual({
        status: 0,
        stderr: "",
        lines: rest.map((name) => `${name}: OK`),
      });
    });

    const sameBytes = `are the same bytes from another checkout, Node, time zone, language and umask${
      arch === "arm64" ? " but for the program in which a text is changed" : ""
    }, and have no path of either`;
    test.skipIf(noOtherNode !== undefined)(
      named(sameBytes, noOtherNode),
      () => {
        const other = checkout(path.join(scratch(), "at/another/depth"));
        if (DIFFERING[arch].length > 0) change(other);
        const out = path.join(scratch(), "out");
        const bin = path.join(nodeLayer(OTHER_NODE), "usr/local/bin");
        const env = { PATH: `${bin}:${process.env.PATH}`, TZ: "Pacific/Kiritimati", LC_ALL: "C" };
        expect(built(other, arch, out, env)).toMatchObject({ status: 0, stderr: "" });
        expect(readdirSync(out)).toEqual([`linux-${arch}`]);
        expect(differing(arch, out)).toEqual(DIFFERING[arch]);
        const again = path.join(out, `linux-${arch}`);
        expect(readdirSync(again).sort()).toEqual(PARTS[arch]);
        for (const name of PARTS[arch]) {
          const bytes = readFileSync(path.join(again, name));
          expect(
            [packageRoot, other, out].filter((folder) => bytes.includes(folder)),
            name,
          ).toEqual([]);
          expect(statSync(path.join(again, name)).mode & 0o777, name).toBe(
            /\.(so|node)$|^SHA256SUMS$/.test(name) ? 0o644 : 0o755,
          );
        }
      },
      LONG,
    );
  });
}

test("without any tool nothing is made, and the packages that have them are named", () => {
  const other = process.arch === "x64" ? "arm64" : "x64";
  const prefix = compilers[other].program.replace(/g\+\+$/, "");
  const out = scratch();
  expect(prebuild(["--arch", other, "--out", out], { PATH: "/nonexistent" })).toEqual({
    status: 1,
    stdout: "",
    stderr:
      `error: missing: ${["gcc", "g++", "ar", "strip"].map((name) => `'${prefix}${name}', `).join("")}'make', 'python3'\n` +
      `hint: on Debian and Ubuntu: sudo apt-get install ${compilers[other].package} build-essential python3\n`,
  });
  expect(readdirSync(out)).toEqual([]);
});
