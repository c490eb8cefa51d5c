// The manager in one file: it works where `install` puts it, without node_modules, and is the same whenever it is made.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { nativeFolder, packageRoot } from "../../src/core/native.ts";
import { named } from "../support/can.ts";
import { compiled, ctl, makeRoot, type Ran, scratch } from "../support/cli.ts";
import { NATIVE_PARTS } from "../support/native-parts.ts";
import { noSandbox } from "../support/sandbox.ts";

const BUNDLE = path.join(packageRoot, "dist/portreservectl.mjs");
const { version } = JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8")) as { version: string };

/** As on a host: /usr/lib/portreserve with these files and nothing else. */
function layOut(home: string): string {
  const dist = path.join(home, "dist");
  const prebuilds = path.join(home, "prebuilds", `${process.platform}-${process.arch}`);
  mkdirSync(dist, { recursive: true });
  mkdirSync(prebuilds, { recursive: true });
  writeFileSync(path.join(home, "package.json"), JSON.stringify({ name: "portreserve", version, type: "module" }));
  copyFileSync(BUNDLE, path.join(dist, "portreservectl.mjs"));
  for (const name of NATIVE_PARTS) {
    copyFileSync(path.join(nativeFolder(), name), path.join(prebuilds, name));
  }
  return home;
}

let home = "";
beforeAll(() => {
  home = layOut(path.join(scratch(), "portreserve"));
});

/** Runs the file in the layout by itself, as its first line says. */
function installed(...args: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(path.join(home, "dist/portreservectl.mjs"), args, {
    encoding: "utf8",
    env: { PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`, LC_ALL: "C.UTF-8" },
  });
  return { status, stdout, stderr };
}

test("begins with the lines that Node and the installer look for", () => {
  expect(readFileSync(BUNDLE, "utf8").split("\n").slice(0, 2)).toEqual([
    "#!/usr/bin/env node",
    "// portreservectl, the manager of portreserve, in one file; made by scripts/bundle.mjs",
  ]);
});

test("carries the notices of the packages whose code it has", () => {
  const text = readFileSync(BUNDLE, "utf8");
  expect(text).toMatch(/\n\/\/ node-gyp-build:\n\/\/\n\/\/ \(?/);
  expect(text.match(/^\/\/ Copyright \(c\) /gm)).toHaveLength(1);
});

test("has in its texts what would end the comment that it is in", () => {
  expect(installed("completion", "bash").stdout).toContain("[0-9]*/tcp|[0-9]*/udp)");
});

test("tells a bug with its line in the file", () => {
  const place = layOut(path.join(scratch(), "faulty"));
  const file = path.join(place, "dist/portreservectl.mjs");
  const faulty = readFileSync(file, "utf8").replace("\nasync function main() {\n", "$&throw new Error('planted');\n");
  writeFileSync(file, faulty);
  const line = faulty.split("\n").findIndex((text) => text.startsWith("throw new Error('planted')")) + 1;
  const { status, stderr } = spawnSync(process.execPath, [file, "check"], { encoding: "utf8" });
  expect({ status, at: /portreservectl\.mjs:(\d+):/.exec(stderr)?.[1] }).toEqual({ status: 70, at: String(line) });
});

test("loads of Node's builtins that take long those alone that a verb uses", () => {
  const folder = scratch();
  const listing = path.join(folder, "listing.cjs");
  writeFileSync(listing, 'process.on("exit", () => console.error(process.moduleLoadList.join("\\n")));');
  const loaded = (...args: readonly string[]): readonly string[] => {
    const command = ["--require", listing, path.join(home, "dist/portreservectl.mjs"), ...args];
    const { status, stderr } = spawnSync(process.execPath, command, { encoding: "utf8" });
    expect({ args, status }).toEqual({ args, status: 0 });
    const lines = stderr.split("\n");
    return ["child_process", "crypto", "zlib"].filter((name) => lines.includes(`NativeModule ${name}`));
  };
  expect(loaded("--version")).toEqual([]);
  const root = makeRoot({ "etc/portreserve/cups": "631\n" });
  expect(loaded("export", "--root", root, path.join(folder, "a.tar.gz"))).toEqual(
    expect.arrayContaining(["crypto", "zlib"]),
  );
});

test("is made of the same bytes each time, and of no path of this machine", () => {
  const [one, other] = ["one", "other"].map((name) => {
    const file = path.join(scratch(), name, "portreservectl.mjs");
    const made = spawnSync(process.execPath, [path.join(packageRoot, "scripts/bundle.mjs"), file], { cwd: "/" });
    expect({ status: made.status, stderr: String(made.stderr) }).toEqual({ status: 0, stderr: "" });
    return readFileSync(file, "utf8");
  });
  expect(one === other).toBe(true);
  expect(one).not.toContain(packageRoot);
});

const reason = await noSandbox();
describe("where install puts it", () => {
  test("tells the version in package.json", () => {
    expect(installed("--version")).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
  });

  const ROOT = "a root";
  test.each([
    { status: 0, command: ["check", "--root", ROOT] },
    { status: 0, command: ["list", "--root", ROOT] },
    { status: 0, command: ["lookup", "631", "--root", ROOT] },
    { status: 1, command: ["lookup", "632", "--root", ROOT] },
    { status: 0, command: ["compile", "--root", ROOT] },
    { status: 0, command: ["completion", "bash"] },
    { status: 0, command: ["help", "compile"] },
    { status: 2, command: ["no-such-verb"] },
  ])("answers $command.0 as the checkout does", ({ status, command }) => {
    const root = compiled();
    const words = command.map((word) => (word === ROOT ? root : word));
    const answer = installed(...words);
    expect(answer.status).toBe(status);
    expect(answer).toEqual(ctl(words));
  });

  test("compiles a table where there was none", () => {
    const root = makeRoot({ "etc/portreserve/cups": "631\n" });
    expect(installed("list", "--root", root).status).toBe(1);
    expect(installed("compile", "--root", root).status).toBe(0);
    expect(installed("lookup", "631", "--root", root).status).toBe(0);
  });

  test("runs a command with the shim beside it", () => {
    const { status, stdout } = installed("run", "--", "sh", "-c", 'echo "$LD_PRELOAD"');
    const shim = path.join(home, "prebuilds", `${process.platform}-${process.arch}`, "libportreserve.so");
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${shim}\n` });
  });

  test("says what is missing when the native parts are not beside it", () => {
    const bare = layOut(path.join(scratch(), "bare"));
    rmSync(path.join(bare, "prebuilds"), { recursive: true });
    const { status, stderr } = spawnSync(
      process.execPath,
      [path.join(bare, "dist/portreservectl.mjs"), "run", "true"],
      {
        encoding: "utf8",
        env: {},
      },
    );
    expect({ status, line: stderr.split("\n")[0] }).toEqual({
      status: 3,
      line: `portreservectl: error: no native parts for ${process.platform} ${process.arch} in '${bare}'`,
    });
  });

  test.skipIf(reason !== undefined)(named("shows the theft and its prevention", reason), () => {
    const { status, stdout, stderr } = installed("demo", "--json");
    const { theftShown, theftPrevented } = JSON.parse(stdout) as Record<string, unknown>;
    expect({ status, stderr, theftShown, theftPrevented }).toEqual({
      status: 0,
      stderr: "",
      theftShown: true,
      theftPrevented: true,
    });
  });
});
