// A release is made of what is committed, and only where every part of it says the same version.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { named, skipReason } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { FULL } from "../support/full.ts";
import { partsWith, saysNext } from "./debs.ts";
import { ARCHS, notPrebuilt } from "./prebuilt.ts";
import { manifest } from "./tarball.ts";

const VERSION = manifest.version;
const reason = notPrebuilt(...ARCHS) ?? skipReason({ program: "git", package: "git" });

/** A repository with all of this checkout's files, and a changelog that has a section of the version. */
function repository(): string {
  const folder = scratch();
  const { stdout } = spawnSync("git", ["ls-files"], { cwd: packageRoot, encoding: "utf8" });
  const tracked = new Set(stdout.trimEnd().split("\n"));
  for (const name of new Set([...tracked].map((file) => file.split("/")[0] ?? ""))) {
    const filter = (file: string) => !/\/(test|\.cache)$/.test(file);
    cpSync(path.join(packageRoot, name), path.join(folder, name), { recursive: true, filter });
  }
  for (const name of ["dist", "prebuilds"])
    cpSync(path.join(packageRoot, name), path.join(folder, name), { recursive: true });
  mkdirSync(path.join(folder, "node_modules"));
  for (const name of readdirSync(path.join(packageRoot, "node_modules"))) {
    symlinkSync(path.join(packageRoot, "node_modules", name), path.join(folder, "node_modules", name));
  }
  const changelog = path.join(folder, "CHANGELOG.md");
  // Whatever this checkout's version is, the copy has one section of it.
  const text = readFileSync(changelog, "utf8").replace(/^## \[\d.*\n/gm, "");
  writeFileSync(changelog, text.replace(/^## \[Unreleased\]$/m, `$&\n\n## [${VERSION}] - 2026-11-30`));
  git(folder, "init", "--quiet");
  commit(folder);
  return folder;
}

function git(folder: string, ...args: readonly string[]): void {
  const who = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost", "-c", "core.hooksPath=/dev/null"];
  const { status, stderr } = spawnSync("git", [...who, ...args], { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
}

function commit(folder: string): void {
  git(folder, "add", "--all");
  git(folder, "commit", "--quiet", "--message", "Released");
}

function release(folder: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(folder, "scripts/release.mjs"), ...args], {
    encoding: "utf8",
    env: { ...process.env, SOURCE_DATE_EPOCH: "1795000000" },
  });
  return { status, stdout, stderr };
}

describe.skipIf(reason !== undefined)(named("a release", reason), () => {
  let whole = "";
  let folder = "";
  beforeAll(() => {
    whole = repository();
  });
  beforeEach(() => {
    folder = scratch();
    cpSync(whole, folder, { recursive: true, verbatimSymlinks: true });
  });
  const refused = (message: string, hint: string) => ({
    status: 1,
    stdout: "",
    stderr: `error: ${message}\nhint: ${hint}\n`,
  });
  const edit = (name: string, change: (text: string) => string): void => {
    const file = path.join(folder, name);
    writeFileSync(file, change(readFileSync(file, "utf8")));
    commit(folder);
  };

  test("can be made where all is committed and says one version, also where the tag is this commit's (control)", () => {
    const made = { status: 0, stdout: `${VERSION} can be released\n`, stderr: "" };
    expect(release(folder, "--check")).toEqual(made);
    git(folder, "tag", `v${VERSION}`);
    expect(release(folder, "--check")).toEqual(made);
  });

  test("is refused where something is not committed", () => {
    appendFileSync(path.join(folder, "CHANGELOG.md"), "\n");
    writeFileSync(path.join(folder, "new"), "");
    expect(release(folder)).toEqual(refused("'CHANGELOG.md' is not committed, and 1 more", "git status"));
  });

  test("is refused where its tag is of another commit", () => {
    git(folder, "tag", `v${VERSION}`);
    edit("README.md", (text) => `${text}\n`);
    expect(release(folder)).toEqual(refused(`the tag 'v${VERSION}' is of another commit`, `git checkout v${VERSION}`));
  });

  test("is refused without a section of the changelog, which the hint's command makes", () => {
    edit("CHANGELOG.md", (text) => text.replace(/^## \[\d.*\n/m, ""));
    const { status, stderr } = release(folder);
    expect({ status, first: stderr.split("\n")[0] }).toEqual({
      status: 1,
      first: `error: CHANGELOG.md has no section of '${VERSION}'`,
    });
    spawnSync("sh", ["-c", /^hint: (.*)$/m.exec(stderr)?.[1] ?? "false"], { cwd: folder });
    commit(folder);
    expect(release(folder, "--check").status).toBe(0);
  });

  test("is refused where package-lock.json has another version", () => {
    edit("package-lock.json", (text) => text.replace(`"version": "${VERSION}"`, '"version": "9.9.9"'));
    expect(release(folder)).toEqual(
      refused(
        `package-lock.json says version '9.9.9', and package.json '${VERSION}'`,
        "npm install --package-lock-only --ignore-scripts",
      ),
    );
  });

  test("is refused where the native parts are of another version, though their sources are the same", async () => {
    const next = await partsWith("x64", saysNext);
    renameSync(path.join(folder, "prebuilds/linux-x64"), path.join(folder, "prebuilds/old"));
    cpSync(path.join(next, "linux-x64"), path.join(folder, "prebuilds/linux-x64"), { recursive: true });
    expect(release(folder)).toEqual(
      refused(
        `'prebuilds/linux-x64' has a 'libportreserve.so' of another version than '${VERSION}'`,
        "npm run build:prebuilt",
      ),
    );
  });

  test("does not go over another one", () => {
    const out = scratch();
    writeFileSync(path.join(out, "old"), "");
    expect(release(folder, "--out", out)).toEqual(refused(`'${out}' is not empty`, `rm -r '${out}'`));
  });

  const noWhole =
    skipReason({ program: "rpmbuild", package: "rpm" }, { program: "dpkg-deb", package: "dpkg" }) ??
    (FULL ? undefined : "it makes every package: set PORTRESERVE_FULL=1");
  test.skipIf(noWhole !== undefined)(
    named("has all packages and their sums, and each byte is the same when it is made again", noWhole),
    () => {
      const outs = [scratch(), scratch()] as const;
      for (const out of outs) expect(release(folder, "--out", out)).toMatchObject({ status: 0, stderr: "" });
      const names = readdirSync(outs[0]).sort();
      expect(names).toEqual([
        "SHA256SUMS",
        `portreserve-${VERSION}.tgz`,
        ...[`-${VERSION}-1.aarch64.rpm`, `-${VERSION}-1.x86_64.rpm`].map((end) => `portreservectl${end}`),
        ...[`_${VERSION}-1_amd64.deb`, `_${VERSION}-1_arm64.deb`].map((end) => `portreservectl${end}`),
      ]);
      const sum = (out: string, name: string) =>
        createHash("sha256")
          .update(readFileSync(path.join(out, name)))
          .digest("hex");
      for (const name of names) expect(sum(outs[0], name), name).toBe(sum(outs[1], name));
      expect(readFileSync(path.join(outs[0], "SHA256SUMS"), "utf8")).toBe(
        names
          .slice(1)
          .map((name) => `${sum(outs[0], name)}  ${name}\n`)
          .join(""),
      );
    },
    300_000,
  );
});
