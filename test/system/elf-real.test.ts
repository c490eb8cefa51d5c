// Our ELF reader agrees with readelf: on the libraries and programs of this machine, and on made ones of other machines.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { nativeFolder } from "../../src/core/native.ts";
import { craft, LAYOUTS } from "../core/elf-image.ts";
import { named, skipReason } from "../support/can.ts";
import { filesBelow, isElf, ourFacts, readelfFacts } from "./readelf.ts";

const noReadelf = skipReason({ program: "readelf", package: "binutils" });

/** Of Debian and Fedora, and what gcc-multilib brings. */
const folders = [
  ...["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib/i386-linux-gnu", "/usr/lib64"],
  ...["/usr/lib32", "/usr/libx32", "/usr/bin"],
].filter((folder) => existsSync(folder) && filesBelow(folder).some(isElf));

/** How two accounts of a file differ, the first few lines. */
function differences(ours: readonly string[], theirs: readonly string[]): readonly string[] {
  const [inOurs, inTheirs] = [new Set(ours), new Set(theirs)];
  const lines = [
    ...ours.filter((fact) => !inTheirs.has(fact)).map((fact) => `only ours: ${fact}`),
    ...theirs.filter((fact) => !inOurs.has(fact)).map((fact) => `only readelf's: ${fact}`),
  ];
  if (lines.length > 0) return lines.slice(0, 5);
  return ours.join("\n") === theirs.join("\n") ? [] : ["the order differs"];
}

function disagreements(files: readonly string[]): Record<string, readonly string[]> {
  const theirs = readelfFacts(files);
  const all = files.map((file) => [file, differences(ourFacts(file), theirs.get(file) ?? [])] as const);
  return Object.fromEntries(all.filter(([, lines]) => lines.length > 0));
}

test.skipIf(noReadelf)(named("agrees with readelf on what was built here", noReadelf), () => {
  const built = readdirSync(nativeFolder()).filter((name) => /\.(so|node)$/.test(name));
  expect(built).toContain("libportreserve.so");
  const files = built.map((name) => path.join(nativeFolder(), name));
  expect(disagreements(files)).toEqual({});
  for (const file of files) expect(ourFacts(file)).toContain("type shared");
});

test.skipIf(noReadelf).each(folders)(named("agrees with readelf on all of '%s'", noReadelf), (folder) => {
  const files = filesBelow(folder).filter(isElf);
  expect(files.length).toBeGreaterThan(0);
  expect(disagreements(files)).toEqual({});
});

test.skipIf(noReadelf).each(LAYOUTS)(
  named("agrees with readelf on a made file of $bits bits, $byteOrder end first", noReadelf),
  (layout) => {
    const folder = mkdtempSync(path.join(tmpdir(), "portreserve-elf-"));
    try {
      const file = path.join(folder, "made.so");
      writeFileSync(file, craft({ ...layout, hash: "sysv" }));
      // Without section headers readelf has to go the way that we go.
      const options = ["-W", "-h", "-d", "--use-dynamic", "--symbols"];
      const output = execFileSync("readelf", [...options, file], { encoding: "latin1", env: { LC_ALL: "C" } });
      const theirs = [
        `class ${/Class: +(\w+)/.exec(output)?.[1]}`,
        `${/Data: .* (little|big) endian/.exec(output)?.[1]} endian`,
        ...[...output.matchAll(/\(NEEDED\) .*\[(.*)\]/g)].map(([, name]) => `needed ${name}`),
        ...[...output.matchAll(/\(SONAME\) .*\[(.*)\]/g)].map(([, name]) => `soname ${name}`),
        ...[...output.matchAll(/(GLOBAL|WEAK) +DEFAULT +(\w+) (\w+)/g)].map(([, bind, where, name]) =>
          [bind, where === "UND" ? "UND" : "here", name].join(" "),
        ),
      ];
      const ours = ourFacts(file)
        .filter((fact) => /^(class|little|big|needed|soname|symbol)\b/.test(fact))
        .map((fact) =>
          fact.replace(/^symbol \w+ (WEAK|strong) (\w+) ([^@]*).*$/, "$1 $2 $3").replace("strong", "GLOBAL"),
        );
      expect(ours).toEqual(theirs);
      expect(theirs).toHaveLength(7);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
