// `npm run prebuild` builds for the package; npm also runs the script of that name before every `build`, and then it must not.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { scratch } from "../support/cli.ts";

const { scripts } = JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8")) as {
  readonly scripts: Readonly<Record<string, string>>;
};

/** Runs npm in a project with our script and without our sources, so that a build that is begun fails. */
function npm(...args: readonly string[]) {
  const project = scratch();
  const manifest = {
    private: true,
    scripts: {
      prebuild: scripts.prebuild,
      build: "echo built",
      prepare: "npm run --silent build",
      check: "npm run --silent build && npm run --silent prebuild",
    },
  };
  writeFileSync(path.join(project, "package.json"), JSON.stringify(manifest));
  mkdirSync(path.join(project, "scripts"));
  for (const name of ["prebuild.mjs", "npm-hook.mjs", "node-gyp.mjs", "parts.mjs", "step.mjs", "tools.mjs"]) {
    copyFileSync(path.join(packageRoot, "scripts", name), path.join(project, "scripts", name));
  }
  const { status, stdout } = spawnSync("npm", ["--silent", ...args], { cwd: project, encoding: "utf8" });
  return { status, stdout, began: existsSync(path.join(project, "prebuilds")) };
}

test.each(["run build", "run-script build", "run build -- prebuild", "run prepare"])(
  "npm %s does not build for the package",
  (command) => {
    const { status, stdout, began } = npm(...command.split(" "));
    expect({ status, first: stdout.split(/\s/)[0], began }).toEqual({ status: 0, first: "built", began: false });
  },
);

test.each(["run prebuild", "run-script prebuild", "run prebuild -- --out prebuilds"])("npm %s does", (command) => {
  expect(npm(...command.split(" "))).toMatchObject({ status: 1, began: true });
});

test("npm run prebuild does after a build in the same script too", () => {
  const { status, stdout, began } = npm("run", "check");
  expect({ status, first: stdout.split(/\s/)[0], began }).toEqual({ status: 1, first: "built", began: true });
});
