// Where everything is in a package, with its bytes: what 'install' would put on a host, and beside that what a package has.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { parts } from "../parts.mjs";
import { root } from "../step.mjs";
import { changelogText, copyrightText, NAME, overridesText } from "./texts.mjs";

const HOME = "usr/lib/portreserve";
const BUNDLE = `${HOME}/dist/portreservectl.mjs`;
const HOLDER = `${HOME}/portreserve-hold`;
/**
 * What differs between the distributions' packages. `libs`: what ld.so puts in the place of `$LIB`, for each build of the
 * libraries: Debian's own folders, and those of libc6-i386; rpm's distributions have lib64 and lib.
 */
const KINDS = {
  deb: {
    packagedBy: "dpkg",
    libs: {
      x64: [
        ["", ["lib/x86_64-linux-gnu"]],
        ["-i386", ["lib/i386-linux-gnu", "lib32"]],
      ],
      arm64: [["", ["lib/aarch64-linux-gnu"]]],
    },
    zsh: "usr/share/zsh/vendor-completions",
    documents: debianDocuments,
  },
  rpm: {
    packagedBy: "rpm",
    libs: {
      x64: [
        ["", ["lib64"]],
        ["-i386", ["lib"]],
      ],
      arm64: [["", ["lib64"]]],
    },
    zsh: "usr/share/zsh/site-functions",
    documents: rpmDocuments,
  },
};
const PLACES = ["/etc/portreserve", "/etc/services", "/etc/bindresvport.blacklist"];

const ofRoot = (name) => readFileSync(path.join(root, name));
const gzipped = (bytes) => gzipSync(bytes, { level: 9 });

/** Entries as writeTree() takes them, sorted, for "deb" or "rpm". */
export async function layOut(kind, { arch, version, manifest, epoch, prebuilds }) {
  const { packagedBy, libs: libsOf, zsh, documents } = KINDS[kind];
  const part = (name) => readFileSync(path.join(prebuilds, name));
  const entries = [
    { path: `${HOME}/package.json`, bytes: Buffer.from(identity(manifest, version, packagedBy)) },
    { path: BUNDLE, bytes: withNode(ofRoot("dist/portreservectl.mjs")), mode: 0o755 },
    { path: `${HOME}/dist/portrelease.js`, bytes: withNode(ofRoot("dist/portrelease.js")), mode: 0o755 },
    { path: HOLDER, bytes: part("portreserve-hold"), mode: 0o755 },
    ...parts(arch).map((name) => partEntry(`${HOME}/prebuilds/linux-${arch}/${name}`, name, part)),
    ...libsOf[arch].flatMap(([suffix, libs]) =>
      libs.flatMap((lib) =>
        ["libportreserve", "libportreserve-high", "libportreserve-share"].map((name) => ({
          path: `usr/${lib}/portreserve/${name}.so`,
          bytes: part(`${name}${suffix}.so`),
        })),
      ),
    ),
    { path: "usr/bin/portreservectl", target: "../lib/portreserve/dist/portreservectl.mjs" },
    { path: "usr/sbin/portrelease", target: "../lib/portreserve/dist/portrelease.js" },
    { path: "usr/sbin/portreserve-hold", target: "../lib/portreserve/portreserve-hold" },
    ...(await units()),
    ...manuals(),
    ...completions(zsh),
    ...["recovery.md", "images.md", "security-tools.md"].map((name) => ({
      path: `usr/share/doc/${NAME}/${name}`,
      bytes: ofRoot(`docs/${name}`),
    })),
    ...documents({ arch, version, epoch }),
  ];
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function debianDocuments({ arch, version, epoch }) {
  const doc = `usr/share/doc/${NAME}`;
  return [
    { path: `${doc}/copyright`, bytes: Buffer.from(copyrightText()) },
    { path: `${doc}/changelog.gz`, bytes: gzipped(ofRoot("CHANGELOG.md")) },
    { path: `${doc}/changelog.Debian.gz`, bytes: gzipped(changelogText({ version, epoch })) },
    { path: `usr/share/lintian/overrides/${NAME}`, bytes: Buffer.from(overridesText(arch)) },
  ];
}

function rpmDocuments() {
  return [
    { path: `usr/share/doc/${NAME}/CHANGELOG.md`, bytes: ofRoot("CHANGELOG.md") },
    { path: `usr/share/licenses/${NAME}/LICENSE`, bytes: ofRoot("LICENSE") },
  ];
}

/** By the last field `install` knows whose what is there is. */
function identity({ name, type }, version, packagedBy) {
  return `${JSON.stringify({ name, version: version.replace(/-[^-]*$/, "").replace("~", "-"), type, packagedBy })}\n`;
}

/** The distribution's node, whatever else a PATH has. */
function withNode(bytes) {
  return Buffer.from(bytes.toString("latin1").replace(/^#!.*/, "#!/usr/bin/node"), "latin1");
}

function partEntry(file, name, part) {
  if (name === "portreserve-hold") return { path: file, target: "../../portreserve-hold" };
  return { path: file, bytes: part(name), mode: /\.(so|node)$/.test(name) ? 0o644 : 0o755 };
}

async function units() {
  const texts = await import(path.join(root, "dist/core/systemd/unit-texts.js"));
  const holder = await import(path.join(root, "dist/core/systemd/holder-unit-text.js"));
  const metrics = await import(path.join(root, "dist/core/systemd/metrics-unit-text.js"));
  const { METRICS_FILE } = await import(path.join(root, "dist/system/paths.js"));
  const manager = { node: "/usr/bin/node", manager: `/${BUNDLE}` };
  const all = [
    ...texts.unitTexts(PLACES, manager),
    ...metrics.metricsUnitTexts(manager, METRICS_FILE),
    ["portreserve-hold.service", holder.holderUnitText(`/${HOLDER}`)],
  ];
  return all.map(([name, text]) => ({
    path: `usr/lib/systemd/system/${name}`,
    bytes: Buffer.from(texts.packagedText(text)),
  }));
}

function manuals() {
  const names = readdirSync(path.join(root, "docs")).filter((name) => /\.[58]$/.test(name));
  return names.map((name) => ({
    path: `usr/share/man/man${name.at(-1)}/${name}.gz`,
    bytes: gzipped(ofRoot(`docs/${name}`)),
  }));
}

function completions(zsh) {
  const places = {
    bash: "usr/share/bash-completion/completions/portreservectl",
    fish: "usr/share/fish/vendor_completions.d/portreservectl.fish",
    zsh: `${zsh}/_portreservectl`,
  };
  return Object.entries(places).map(([shell, file]) => {
    const done = spawnSync(process.execPath, [path.join(root, "dist/portreservectl.mjs"), "completion", shell]);
    if (done.status !== 0) throw new Error(`no completion for ${shell}: ${done.stderr}`);
    return { path: file, bytes: done.stdout };
  });
}
