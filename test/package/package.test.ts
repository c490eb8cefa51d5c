// The npm package: exactly what it should hold, and it works where there is no compiler and no network.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { named } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { inRoot, noCleanRoot } from "./clean-root.ts";
import { ARCHS, notPrebuilt, PARTS } from "./prebuilt.ts";

const manifest = JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8")) as {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
};

const ALLOWED = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "SECURITY.md",
  "dist/portrelease.js",
  "dist/portreservectl.mjs",
  "docs/portrelease.8",
  "docs/portreserve.table.5",
  "docs/recovery.md",
  "docs/portreservectl.8",
  ...["list", "lookup", "map", "status", "verify"].map((verb) => `docs/schema/${verb}.schema.json`),
  "package.json",
  ...ARCHS.flatMap((arch) => PARTS[arch].map((name) => `prebuilds/linux-${arch}/${name}`)),
].sort();

test("nothing runs when the package is installed, and nothing else is installed with it", () => {
  const onInstall = ["preinstall", "install", "postinstall"].filter((name) => manifest.scripts[name] !== undefined);
  expect(onInstall).toEqual([]);
  expect(manifest.gypfile).toBe(false);
  for (const field of ["dependencies", "optionalDependencies", "peerDependencies", "bundleDependencies"]) {
    expect(manifest[field], field).toBeUndefined();
  }
});

const unbuilt = notPrebuilt(...ARCHS);
const reason = unbuilt ?? (await noCleanRoot());
describe.skipIf(unbuilt !== undefined)(named("the package", unbuilt), () => {
  let tarball = "";
  beforeAll(() => {
    // Not prepack and prepare: they would build, in a checkout where tests run.
    const pack = ["pack", "--ignore-scripts", "--silent", "--pack-destination", scratch()];
    const { status, stdout, stderr } = spawnSync("npm", pack, { cwd: packageRoot, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    tarball = path.join(pack.at(-1) ?? "", stdout.trim());
  });

  test("holds what it should, with programs that can be executed, and nothing else", () => {
    const { stdout } = spawnSync("tar", ["-tvzf", tarball], { encoding: "utf8" });
    const entries = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/\s+/));
    const names = entries.map((entry) => entry.at(-1)?.replace(/^package\//, ""));
    expect(names.sort()).toEqual(ALLOWED);
    const executable = entries.filter(([mode]) => mode?.startsWith("-rwx")).map((entry) => entry.at(-1) ?? "");
    expect(executable.filter((name) => /probe|pidexec|\/dist\//.test(name))).toHaveLength(7);
  });

  describe.skipIf(reason !== undefined)(named("in a root without a compiler and a network", reason), () => {
    const inPackage = (script: string) =>
      inRoot(
        `set -e
npm install --global --offline --ignore-scripts --no-audit --no-fund --silent /package.tgz
${script}`,
        { "/package.tgz": tarball },
      );

    test("there is indeed neither, nor anything of the project (control)", () => {
      const { stdout } = inRoot(`for tool in cc gcc g++ make python3 portreservectl; do command -v $tool; done
tail -n +3 /proc/net/dev | tr -d ' ' | cut -d: -f1`);
      expect(stdout).toBe("lo\n");
    });

    test("installs for all, and both commands answer", () => {
      expect(inPackage("portreservectl --version; portrelease --verbose | cut -d: -f1")).toEqual({
        status: 0,
        stdout: `${manifest.version}\nportrelease\n`,
        stderr: "",
      });
    });

    test("installs in a project, with scripts allowed too", () => {
      const script = `cd "$(mktemp -d)"
npm install --offline --no-audit --no-fund --silent /package.tgz
ls node_modules; node_modules/.bin/portreservectl --version`;
      expect(inRoot(script, { "/package.tgz": tarball })).toEqual({
        status: 0,
        stdout: `portreserve\n${manifest.version}\n`,
        stderr: "",
      });
    });

    test("checks, compiles, looks up and looks at the host", () => {
      const { status, stdout, stderr } =
        inPackage(`rm -f /etc/bindresvport.blacklist; mkdir /etc/portreserve; echo 631 > /etc/portreserve/cups
echo "ipp 631/tcp" > /etc/services
portreservectl compile > /dev/null; portreservectl check > /dev/null; portreservectl lookup 631 | head -n 2 | tr -s ' '; portreservectl status > /dev/null; echo $?`);
      expect({ status, stdout, stderr }).toEqual({
        status: 0,
        stdout: "631/tcp reserved cups /etc/portreserve/cups:1\n631/udp reserved cups /etc/portreserve/cups:1\n0\n",
        stderr: "",
      });
    });

    test("runs a command with the shim, and the command gets no reserved port", () => {
      const probe = `/usr/local/lib/node_modules/portreserve/prebuilds/linux-${process.arch}/portreserve-probe`;
      const { status, stdout, stderr } =
        inPackage(`rm -f /etc/bindresvport.blacklist; mkdir /etc/portreserve; seq 600 900 > /etc/portreserve/many
portreservectl compile > /dev/null
portreservectl run -- ${probe} --symbol bindresvport --exhaust | grep -c port
${probe} --symbol bindresvport --exhaust | grep -c port`);
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "211\n512\n", stderr: "" });
    });

    test("shows the theft and its prevention", () => {
      const { status, stdout, stderr } = inPackage("portreservectl demo --json");
      const { theftShown, theftPrevented } = JSON.parse(stdout) as Record<string, unknown>;
      expect({ status, stderr, theftShown, theftPrevented }).toEqual({
        status: 0,
        stderr: "",
        theftShown: true,
        theftPrevented: true,
      });
    });

    test("install covers a program that is started with no environment, and uninstall leaves nothing behind", () => {
      const probe = `/usr/local/lib/node_modules/portreserve/prebuilds/linux-${process.arch}/portreserve-probe`;
      const { status, stdout, stderr } = inPackage(`files() { find / -xdev ! -path '/root/*' | sort; }
files > /tmp/before
portreservectl install > /dev/null
files > /tmp/between
cat /etc/ld.so.preload
env -i ${probe} --which
portreservectl uninstall > /dev/null
files > /tmp/after
cmp -s /tmp/before /tmp/between || echo changed
cmp /tmp/before /tmp/after && echo restored
env -i ${probe} --which | grep -c libportreserve`);
      const lines = stdout.trimEnd().split("\n");
      const objects = lines.slice(1, 7).map((line) => (JSON.parse(line) as { object: string | null }).object ?? "");
      expect(new Set(objects.map((object) => object.replace(/^\/usr\/lib\/[^/]+\//, "")))).toEqual(
        new Set(["portreserve/libportreserve.so"]),
      );
      expect({ status, stderr, list: lines[0], after: lines.slice(7) }).toEqual({
        status: 1, // grep's: it found none
        stderr: "",
        list: "/usr/$LIB/portreserve/libportreserve.so",
        after: ["changed", "restored", "0"],
      });
    });
  });
});
