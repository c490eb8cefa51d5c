// What the build scripts say where something is missing, and that they build where build/ was made for what is gone.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { named, skipReason } from "../support/can.ts";
import { scratch } from "../support/cli.ts";

const reason =
  skipReason(...["cc", "c++", "make"].map((program) => ({ program, package: "build-essential" }))) ??
  skipReason({ program: "python3", package: "python3" });

const INCLUDE = path.join(process.execPath, "../../include/node");
const noHeaders = existsSync(path.join(INCLUDE, "common.gypi"))
  ? reason
  : `this Node has no headers beside it, in '${INCLUDE}'`;

/** In milliseconds, for two builds on a machine that is busy. */
const LONG = 240_000;

const BINDING = '{"targets": [{"target_name": "small", "type": "static_library", "sources": ["small.c"]}]}';

/** Our scripts with something to build that takes a second. */
function project(source = "int small(void) { return 1; }\n"): string {
  const folder = path.join(scratch(), "a project");
  mkdirSync(folder);
  cpSync(path.join(packageRoot, "scripts"), path.join(folder, "scripts"), { recursive: true });
  symlinkSync(path.join(packageRoot, "node_modules"), path.join(folder, "node_modules"));
  writeFileSync(path.join(folder, "package.json"), "{}");
  writeFileSync(path.join(folder, "binding.gyp"), BINDING);
  writeFileSync(path.join(folder, "small.c"), source);
  return folder;
}

/** Node's headers as if they were another Node's. */
function headers(): string {
  const folder = scratch();
  const include = path.join(folder, "include/node");
  mkdirSync(include, { recursive: true });
  // Not as links: the Makefile would have what they lead to. Folders hold other libraries' headers, which are large.
  for (const { name } of readdirSync(INCLUDE, { withFileTypes: true }).filter((entry) => entry.isFile())) {
    copyFileSync(path.join(INCLUDE, name), path.join(include, name));
  }
  return folder;
}

function script(folder: string, name: string, env: Readonly<Record<string, string>> = {}, ...args: readonly string[]) {
  const { PATH = "", HOME = "" } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(folder, "scripts", name), ...args], {
    encoding: "utf8",
    env: { PATH, HOME, ...env },
  });
  return { status, stdout, stderr };
}

/** A search path with these programs of this machine and no others. */
function onlyWith(...programs: readonly string[]): string {
  const folder = scratch();
  for (const program of ["sh", "uname", "cat", "dirname", ...programs]) {
    const { stdout } = spawnSync("sh", ["-c", 'command -v "$1"', "sh", program], { encoding: "utf8" });
    symlinkSync(stdout.trim(), path.join(folder, program));
  }
  symlinkSync(process.execPath, path.join(folder, "node"));
  return folder;
}

const built = { status: 0, stdout: "", stderr: "" };

describe.skipIf(noHeaders !== undefined)(named("a build made for what is gone", noHeaders), { timeout: LONG }, () => {
  test("is made anew when Node's headers have moved; make alone cannot (control)", () => {
    const folder = project();
    const before = headers();
    expect(script(folder, "build-native.mjs", { npm_config_nodedir: before })).toEqual(built);
    rmSync(before, { recursive: true });
    const make = spawnSync("make", ["-C", path.join(folder, "build")], { encoding: "utf8" });
    expect(make.stderr).toMatch(/No rule to make target .*common\.gypi/);
    expect(script(folder, "build-native.mjs", { npm_config_nodedir: headers() })).toEqual(built);
  });

  test("is made anew when the whole checkout has moved", () => {
    const folder = project();
    expect(script(folder, "build-native.mjs")).toEqual(built);
    const moved = path.join(scratch(), "moved");
    renameSync(folder, moved);
    writeFileSync(path.join(moved, "small.c"), "int small(void) { return 2; }\n");
    expect(script(moved, "build-native.mjs")).toEqual(built);
    expect(existsSync(folder)).toBe(false);
  });

  test("is kept where nothing has changed, and made anew for another version, which the libraries say", () => {
    const folder = project();
    expect(script(folder, "build-native.mjs")).toEqual(built);
    writeFileSync(path.join(folder, "build/kept"), "");
    expect(script(folder, "build-native.mjs")).toEqual(built);
    expect(existsSync(path.join(folder, "build/kept"))).toBe(true);
    writeFileSync(path.join(folder, "package.json"), '{ "version": "0.0.1" }');
    expect(script(folder, "build-native.mjs")).toEqual(built);
    expect(existsSync(path.join(folder, "build/kept"))).toBe(false);
  });
});

describe.skipIf(reason !== undefined)(named("a build that fails", reason), () => {
  test("for a missing program names it and its package, and nothing that is there", () => {
    expect(
      script(project(), "build-native.mjs", { PATH: onlyWith("cc", "c++", "make"), HOME: "/nonexistent" }),
    ).toEqual({
      status: 1,
      stdout: "",
      stderr:
        "error: missing: 'python3'\nhint: on Debian and Ubuntu: sudo apt-get install python3\n" +
        "error: the native parts did not build\n",
    });
  });

  test("for the sources says what the compiler says, and advises nothing", () => {
    const { status, stderr } = script(project("int small(void) { return nothing; }\n"), "build-native.mjs");
    expect(status).toBe(1);
    expect(stderr).toContain("'nothing' undeclared");
    expect(stderr).not.toMatch(/hint|apt-get|missing:/);
    expect(stderr).toMatch(/\nerror: the native parts did not build\n$/);
  });
});

test("the C tests do not pass by being left out: what they need is named", () => {
  expect(script(packageRoot, "test-native.mjs", { PATH: onlyWith() })).toEqual({
    status: 1,
    stdout: "",
    stderr:
      "error: missing: 'cmake', 'ctest', 'cc', 'c++', 'make'\n" +
      "hint: on Debian and Ubuntu: sudo apt-get install cmake build-essential\n",
  });
});

test("the package's parts for both processors need two compilers, and all that is missing is said at once", () => {
  const out = path.join(scratch(), "out");
  const { status, stdout, stderr } = script(packageRoot, "prebuild.mjs", { PATH: onlyWith() }, "--out", out);
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  const [first, hint, ...rest] = stderr.split("\n");
  for (const program of ["gcc", "g++", "make", "python3"]) expect(first).toContain(`'${program}'`);
  expect(first).toMatch(/-linux-gnu-g\+\+'/);
  expect(hint).toMatch(
    /^hint: on Debian and Ubuntu: sudo apt-get install .*build-essential.*; '--arch' builds for one processor only$/,
  );
  expect(rest).toEqual([""]);
});
