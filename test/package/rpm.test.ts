// The rpm packages: the same bytes each time, what they hold, and what rpmlint and sh say of them.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { named, skipReason } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { NAME } from "./debs.ts";
import { filesOfPackage, programsOfPackage } from "./packages.ts";
import { ARCHS, type Arch, notPrebuilt, prebuiltFolder } from "./prebuilt.ts";
import { MACHINE, rpmMade } from "./rpms.ts";
import { manifest } from "./tarball.ts";

const reason = notPrebuilt(...ARCHS) ?? skipReason({ program: "rpmbuild", package: "rpm" });
const rpms = new Map<Arch, string>();
beforeAll(() => {
  if (reason !== undefined) return;
  for (const arch of ARCHS) rpms.set(arch, rpmMade({ arch }));
}, 120_000);

function output(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr || stdout);
  return stdout;
}

const query = (arch: Arch, ...args: readonly string[]): readonly string[] =>
  output("rpm", "-qp", ...args, rpms.get(arch) ?? "")
    .trimEnd()
    .split("\n");

const filesOf = (arch: Arch): readonly string[] =>
  filesOfPackage(
    arch,
    ["lib64", ...(arch === "x64" ? ["lib"] : [])],
    ["share/zsh/site-functions/_portreservectl", `share/doc/${NAME}/CHANGELOG.md`, `share/licenses/${NAME}/LICENSE`],
  ).map((name) => `/usr/${name}`);

/** Modes, owners, and places, one a line. */
const LISTED = "[%{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILENAMES}\\n]";

describe.skipIf(reason !== undefined).each(ARCHS)(named("the rpm for %s", reason), (arch) => {
  test("is made of the same bytes each time", () => {
    const again = rpmMade({ arch });
    expect(path.basename(again)).toBe(`${NAME}-${manifest.version}-1.${MACHINE[arch]}.rpm`);
    expect(readFileSync(again).equals(readFileSync(rpms.get(arch) ?? ""))).toBe(true);
    if (arch !== "x64") return;
    // Another version is other bytes (control).
    const candidate = rpmMade({ arch, version: "9.0.0~rc.1-1" });
    expect(path.basename(candidate)).toBe(`${NAME}-9.0.0~rc.1-1.${MACHINE[arch]}.rpm`);
    expect(readFileSync(candidate).equals(readFileSync(again))).toBe(false);
  }, 120_000);

  test("holds what it should and nothing else, all of it root's, with programs alone to be executed", () => {
    const entries = query(arch, "--qf", LISTED).map((line) => line.split(" "));
    const files = entries.filter(([mode]) => !mode?.startsWith("d"));
    expect(files.map(([, , name]) => name ?? "").sort()).toEqual(filesOf(arch));
    expect([...new Set(entries.map(([, owner]) => owner))]).toEqual(["root:root"]);
    const programs = files.filter(([mode]) => mode === "-rwxr-xr-x").map(([, , name]) => path.basename(name ?? ""));
    expect(programs.sort()).toEqual(programsOfPackage(arch));
    const modes = new Set(entries.map(([mode]) => mode));
    expect([...modes].sort()).toEqual(["-rw-r--r--", "-rwxr-xr-x", "drwxr-xr-x", "lrwxrwxrwx"]);
  });

  test("is not made of a version without its release", () => {
    expect(() => rpmMade({ arch, version: "9" })).toThrow("error: '9' is no version with the package's release\n");
  });

  test("owns its own folders and those of shells that may not be there, and none of the distribution's", () => {
    const entries = query(arch, "--qf", LISTED).map((line) => line.split(" "));
    const folders = entries.filter(([mode]) => mode?.startsWith("d")).map(([, , name]) => name);
    const home = "/usr/lib/portreserve";
    expect(folders).toEqual([
      ...[home, `${home}/dist`, `${home}/prebuilds`, `${home}/prebuilds/linux-${arch}`, "/usr/lib64/portreserve"],
      ...[`/usr/share/doc/${NAME}`, "/usr/share/fish", "/usr/share/fish/vendor_completions.d"],
      ...[`/usr/share/licenses/${NAME}`, "/usr/share/zsh", "/usr/share/zsh/site-functions"],
    ]);
  });

  test("asks for a Node that is new enough, for what its parts need, and takes the old daemon's place", () => {
    const requires = query(arch, "--requires").filter((line) => !/^(rpmlib\(|\/bin\/sh|coreutils|grep|sed)/.test(line));
    expect(requires).toEqual([
      "libc.so.6(GLIBC_2.28)(64bit)",
      "libgcc_s.so.1()(64bit)",
      "libstdc++.so.6(GLIBCXX_3.4.21)(64bit)",
      "nodejs(engine) >= 18.19",
    ]);
    expect(query(arch, "--conflicts")).toEqual(["portreserve"]);
    expect(query(arch, "--provides")).toContain(`portreserve = ${manifest.version}`);
    // The newest that any part asks for, as the linker wrote it down.
    const needed = ["portreserve.node", "portreserve-probe", "portreserve-pidexec"].flatMap((name) =>
      [
        ...readFileSync(path.join(prebuiltFolder(arch), name), "latin1").matchAll(/\0(GLIBC|GLIBCXX)_([\d.]+)(?=\0)/g),
      ].map(([, kind, version]) => `${kind} ${version?.split(".").map((part) => part.padStart(3, "0"))}`),
    );
    const newest = (kind: string) =>
      needed
        .filter((line) => line.startsWith(`${kind} `))
        .sort()
        .at(-1);
    expect([newest("GLIBC"), newest("GLIBCXX")]).toEqual(["GLIBC 002,028", "GLIBCXX 003,004,021"]);
  });

  test("has scripts that dash can read, and that have kept each '%'", () => {
    const script = path.join(scratch(), "script");
    for (const name of ["PREIN", "POSTIN", "PREUN", "POSTUN", "POSTTRANS", "TRANSFILETRIGGERSCRIPTS"]) {
      const text = query(arch, "--qf", `%{${name}}`).join("\n");
      writeFileSync(script, text);
      const { status, stderr } = spawnSync("dash", ["-n", script], { encoding: "utf8" });
      expect({ name, status, stderr }).toEqual({ name, status: 0, stderr: "" });
      expect(text.length, name).toBeGreaterThan(300);
      if (name === "PREIN") expect(text).toContain(`[ -x "\${command%% *}" ]`);
    }
  });
});

const noLint = reason ?? skipReason({ program: "rpmlint", package: "rpmlint" });
describe.skipIf(noLint !== undefined)(named("rpmlint", noLint), () => {
  const config = path.join(packageRoot, "scripts/package/rpm/rpmlint.toml");
  const lint = (file: string) => spawnSync("rpmlint", ["--strict", "--config", config, file], { encoding: "utf8" });

  test.each(ARCHS)("has nothing to say for %s", (arch) => {
    const { status, stdout } = lint(rpms.get(arch) ?? "");
    expect(stdout).toContain(" 0 errors, 0 warnings");
    expect(status).toBe(0);
  });

  test("finds what is wrong with another package (control)", () => {
    const folder = scratch();
    mkdirSync(path.join(folder, "tree"));
    const spec = path.join(folder, "wrong.spec");
    writeFileSync(
      spec,
      "Name: wrong\nVersion: 1\nRelease: 1\nSummary: wrong.\nLicense: MIT\nBuildArch: noarch\n%description\n%install\nmkdir %{buildroot}/opt\necho >%{buildroot}/opt/file\n%files\n/opt/file\n",
    );
    output("rpmbuild", "-bb", "--quiet", "--define", `_topdir ${folder}`, spec);
    const { status, stdout } = lint(path.join(folder, "RPMS/noarch/wrong-1-1.noarch.rpm"));
    expect(status).not.toBe(0);
    expect(stdout).toContain("dir-or-file-in-opt");
  });
});
