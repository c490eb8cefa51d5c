// The npm package: exactly what it should hold, and never made with a part missing, damaged or out of date.
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { named } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { ARCHS, notPrebuilt, PARTS } from "./prebuilt.ts";
import { manifest, packed } from "./tarball.ts";

const ALLOWED = [
  "ARCHITECTURE.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "LICENSE",
  "README.md",
  "SECURITY.md",
  "dist/portrelease.js",
  "dist/portreservectl.mjs",
  ...["benchmarks", "decisions"].flatMap((folder) =>
    readdirSync(path.join(packageRoot, "docs", folder)).map((name) => `docs/${folder}/${name}`),
  ),
  ...readdirSync(path.join(packageRoot, "scripts/fleet"), { recursive: true, withFileTypes: true, encoding: "utf8" })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(packageRoot, path.join(entry.parentPath, entry.name))),
  "docs/coverage.md",
  "docs/fleet.md",
  "docs/images.md",
  "docs/session.svg",
  "docs/portrelease.8",
  "docs/portreserve-hold.8",
  "docs/portreserve.5",
  "docs/portreserve.table.5",
  "docs/recovery.md",
  "docs/security-tools.md",
  "docs/portreservectl.8",
  ...readdirSync(path.join(packageRoot, "docs/schema")).map((name) => `docs/schema/${name}`),
  "package.json",
  ...ARCHS.flatMap((arch) => PARTS[arch].map((name) => `prebuilds/linux-${arch}/${name}`)),
].sort();

/** What npm would send to the registry. No registry is asked: nobody listens there. */
function published(cwd: string, ...args: readonly string[]) {
  const dead = ["--registry=http://127.0.0.1:9/", "--fetch-retries=0"];
  const { status, stdout, stderr } = spawnSync("npm", ["publish", "--dry-run", "--json", ...dead, ...args], {
    cwd,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("nothing runs when the package is installed, and nothing else is installed with it", () => {
  const onInstall = ["preinstall", "install", "postinstall"].filter((name) => manifest.scripts[name] !== undefined);
  expect(onInstall).toEqual([]);
  expect(manifest.gypfile).toBe(false);
  for (const field of ["dependencies", "optionalDependencies", "peerDependencies", "bundleDependencies"]) {
    expect(manifest[field], field).toBeUndefined();
  }
});

const reason = notPrebuilt(...ARCHS);
describe.skipIf(reason !== undefined)(named("the package", reason), () => {
  test("holds what it should, with programs that can be executed, and nothing else", () => {
    const { stdout } = spawnSync("tar", ["-tvzf", packed()], { encoding: "utf8" });
    const entries = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/\s+/));
    const names = entries.map((entry) => entry.at(-1)?.replace(/^package\//, ""));
    expect(names.sort()).toEqual(ALLOWED);
    const executable = entries.filter(([mode]) => mode?.startsWith("-rwx")).map((entry) => entry.at(-1) ?? "");
    expect(executable.filter((name) => /probe|pidexec|\/dist\//.test(name))).toHaveLength(9);
    expect(executable.filter((name) => /\.(so|node|md|[58])$/.test(name))).toEqual([]);
  });

  test("brings its manual pages, and its README and what that leads to lead nowhere that is not there", () => {
    const folder = scratch();
    spawnSync("tar", ["-xzf", packed(), "-C", folder]);
    expect(manifest.man).toEqual(ALLOWED.filter((name) => /^docs\/[^/]+\.[58]$/.test(name)));
    const pages = ALLOWED.filter((name) => name.endsWith(".md"));
    const links = pages.flatMap((page) =>
      [...readFileSync(path.join(folder, "package", page), "utf8").matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(
        ([, link = ""]) => path.join(path.dirname(page), link),
      ),
    );
    expect(links).toContain("docs/recovery.md");
    expect(links.filter((link) => !existsSync(path.join(folder, "package", link)))).toEqual([]);
  });

  test("is published with just the same files", () => {
    // Not the scripts: they would build, in a checkout where tests run.
    const { status, stdout } = published(packageRoot, "--ignore-scripts");
    expect(status).toBe(0);
    const document = JSON.parse(stdout) as { files?: Files } & Record<string, { files?: Files }>;
    const files = document.files ?? document[manifest.name as string]?.files ?? [];
    expect(files.map((file) => file.path).sort()).toEqual(ALLOWED);
  });

  describe("in a checkout where not all is as it was built", () => {
    let folder = "";
    beforeEach(() => {
      folder = scratch();
      const script = { prepack: manifest.scripts.prepack };
      writeFileSync(path.join(folder, "package.json"), JSON.stringify({ ...manifest, scripts: script }));
      for (const name of ["scripts", "native", "binding.gyp", "dist", "docs", "prebuilds"]) {
        cpSync(path.join(packageRoot, name), path.join(folder, name), { recursive: true });
      }
      mkdirSync(path.join(folder, "node_modules"));
      const api = "node_modules/node-addon-api";
      symlinkSync(path.join(packageRoot, api), path.join(folder, api));
    });

    function pack() {
      const out = scratch();
      const { status, stderr } = spawnSync("npm", ["pack", "--pack-destination", out], {
        cwd: folder,
        encoding: "utf8",
      });
      const errors = stderr.split("\n").filter((line) => line.startsWith("error: "));
      return { status, errors, tarballs: readdirSync(out).length };
    }

    test("is made while all is (control)", () => {
      expect(pack()).toEqual({ status: 0, errors: [], tarballs: 1 });
    });

    const x64 = "prebuilds/linux-x64";
    const arm64 = "prebuilds/linux-arm64";
    const wrong = [
      {
        where: "there are no native parts",
        spoil: () => rmSync(path.join(folder, "prebuilds"), { recursive: true }),
        errors: [x64, arm64].map(
          (name) => `'${name}' has no 'portreserve.node': 'npm run build:prebuilt' builds it again`,
        ),
      },
      {
        where: "one part is missing",
        spoil: () => rmSync(path.join(folder, arm64, "portreserve-probe")),
        errors: [`'${arm64}' has no 'portreserve-probe': 'npm run build:prebuilt' builds it again`],
      },
      {
        where: "one part was cut short",
        spoil: () => truncateSync(path.join(folder, x64, "libportreserve-i386.so"), 4096),
        errors: [
          `'${x64}' has a 'libportreserve-i386.so' that is not what was built: 'npm run build:prebuilt' builds it again`,
        ],
      },
      {
        where: "the parts are of other sources",
        spoil: () => writeFileSync(path.join(folder, "native/table/view.c"), "// another\n", { flag: "a" }),
        errors: [x64, arm64].map((name) => `'${name}' is of other sources: 'npm run build:prebuilt' builds it again`),
      },
      {
        where: "the manager was not built",
        spoil: () => rmSync(path.join(folder, "dist/portreservectl.mjs")),
        errors: ["'dist/portreservectl.mjs' is missing: 'npm run build' makes it"],
      },
    ] as const;
    for (const { where, spoil, errors } of wrong) {
      test(`is not packed where ${where}`, () => {
        spoil();
        expect(pack()).toEqual({ status: 1, errors: errors.map((text) => `error: ${text}`), tarballs: 0 });
      });
    }

    test("is not published either", () => {
      const [{ spoil, errors }] = wrong;
      spoil();
      expect(published(folder)).toMatchObject({ status: 1, stderr: expect.stringContaining(`error: ${errors[0]}`) });
    });
  });
});

type Files = readonly { readonly path: string }[];
