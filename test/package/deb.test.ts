// The Debian packages: the same bytes each time, what they hold, and what lintian and sh say of them.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { FULL } from "../support/full.ts";
import { debianRoot, noDebianRoot } from "../support/roots/debian.ts";
import { inRoot } from "../support/roots/enter.ts";
import { DEBIAN, debMade, NAME } from "./debs.ts";
import { ARCHS, type Arch, notPrebuilt, PARTS } from "./prebuilt.ts";
import { manifest } from "./tarball.ts";

const reason = notPrebuilt(...ARCHS) ?? skipReason({ program: "dpkg-deb", package: "dpkg" });
const debs = new Map<Arch, string>();
beforeAll(() => {
  if (reason !== undefined) return;
  for (const arch of ARCHS) debs.set(arch, debMade({ arch }));
});

function dpkgDeb(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync("dpkg-deb", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

interface Entry {
  readonly mode: string;
  readonly owner: string;
  readonly name: string;
}

function contents(arch: Arch): readonly Entry[] {
  return dpkgDeb("--contents", debs.get(arch) ?? "")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [, mode = "", owner = "", name = ""] = /^(\S+) (\S+) +\d+ \S+ \S+ \.\/(.*)$/.exec(line) ?? [];
      return { mode, owner, name };
    });
}

const LIBS: Readonly<Record<Arch, readonly string[]>> = {
  x64: ["lib/x86_64-linux-gnu", "lib/i386-linux-gnu", "lib32"],
  arm64: ["lib/aarch64-linux-gnu"],
};

/** Every file and link, without what only x64 has of a processor. */
const filesOf = (arch: Arch): readonly string[] =>
  [
    ...["usr/bin/portreservectl", "usr/sbin/portrelease", "usr/sbin/portreserve-hold"],
    ...["package.json", "portreserve-hold", "dist/portreservectl.mjs", "dist/portrelease.js"].map(
      (name) => `usr/lib/portreserve/${name}`,
    ),
    ...PARTS[arch]
      .filter((name) => name !== "SHA256SUMS")
      .map((name) => `usr/lib/portreserve/prebuilds/linux-${arch}/${name}`),
    ...LIBS[arch].flatMap((lib) =>
      ["libportreserve.so", "libportreserve-high.so", "libportreserve-share.so"].map(
        (name) => `usr/${lib}/portreserve/${name}`,
      ),
    ),
    ...[
      ...["portreserve.path", "portreserve-services.path", "portreserve-blacklist.path", "portreserve.service"],
      ...["portreserve-recompile@.service", "portreserve-hold.service"],
    ].map((name) => `usr/lib/systemd/system/${name}`),
    ...["portreserve.5", "portreserve.table.5"].map((name) => `usr/share/man/man5/${name}.gz`),
    ...["portrelease.8", "portreserve-hold.8", "portreservectl.8"].map((name) => `usr/share/man/man8/${name}.gz`),
    "usr/share/bash-completion/completions/portreservectl",
    "usr/share/fish/vendor_completions.d/portreservectl.fish",
    "usr/share/zsh/vendor-completions/_portreservectl",
    ...[
      ...["changelog.Debian.gz", "changelog.gz", "copyright"],
      ...["images.md", "recovery.md", "security-tools.md"],
    ].map((name) => `usr/share/doc/${NAME}/${name}`),
    `usr/share/lintian/overrides/${NAME}`,
  ].sort();

describe.skipIf(reason !== undefined).each(ARCHS)(named("the package for %s", reason), (arch) => {
  test("is made of the same bytes each time", () => {
    const again = debMade({ arch });
    expect(path.basename(again)).toBe(`${NAME}_${manifest.version}-1_${DEBIAN[arch]}.deb`);
    expect(readFileSync(again).equals(readFileSync(debs.get(arch) ?? ""))).toBe(true);
    // Another version is other bytes (control).
    expect(readFileSync(debMade({ arch, version: "9-1" })).equals(readFileSync(again))).toBe(false);
  });

  test("holds what it should and nothing else, all of it root's, with programs alone to be executed", () => {
    const entries = contents(arch);
    const files = entries.filter(({ mode }) => !mode.startsWith("d"));
    expect(files.map(({ name }) => name.replace(/ -> .*/, "")).sort()).toEqual(filesOf(arch));
    expect([...new Set(entries.map(({ owner }) => owner))]).toEqual(["root/root"]);
    const programs = files.filter(({ mode }) => mode === "-rwxr-xr-x").map(({ name }) => path.basename(name));
    const i386 = arch === "x64" ? ["portreserve-probe-i386"] : [];
    expect(programs.sort()).toEqual(
      [
        ...["portrelease.js", "portreserve-hold", "portreserve-pidexec", "portreserve-probe"],
        ...["portreserve-probe-static", "portreservectl.mjs", ...i386],
      ].sort(),
    );
    const others = files.filter(({ mode }) => !["-rwxr-xr-x", "-rw-r--r--", "lrwxrwxrwx"].includes(mode));
    expect(others).toEqual([]);
  });

  test("asks for the distribution's Node, and takes the old daemon's place", () => {
    expect(dpkgDeb("--field", debs.get(arch) ?? "", "Depends", "Conflicts", "Replaces", "Provides")).toBe(
      `Depends: nodejs (>= 18.19), libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 8)
Conflicts: portreserve
Replaces: portreserve
Provides: portreserve
`,
    );
  });

  test("has scripts that dash can read", () => {
    const folder = path.join(scratch(), "control");
    dpkgDeb("--control", debs.get(arch) ?? "", folder);
    for (const name of ["preinst", "postinst", "prerm", "postrm"]) {
      const { status, stderr } = spawnSync("dash", ["-n", path.join(folder, name)], { encoding: "utf8" });
      expect({ name, status, stderr }).toEqual({ name, status: 0, stderr: "" });
    }
  });
});

const LINTIAN = { suite: "bookworm", include: ["lintian"] } as const;
const noLintian =
  reason ?? (FULL ? await noDebianRoot(LINTIAN) : "lintian takes half a minute: set PORTRESERVE_FULL=1");
test.skipIf(noLintian !== undefined).each(ARCHS)(
  named("lintian has no error and no warning for %s", noLintian),
  async (arch) => {
    const script = "lintian --allow-root --fail-on error,warning /package.deb && lintian --allow-root --version";
    const files = { "/package.deb": debs.get(arch) ?? "" };
    const ran = await inRoot(script, { layers: [debianRoot(LINTIAN)], files });
    expect(ran).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Lintian v\S+\n$/) });
  },
  200_000,
);
