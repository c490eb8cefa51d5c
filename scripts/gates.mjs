// The limits of what is loaded into other people's programs: the shim, into every one of a host, its twin that gives high
// ports, and the library for owners that do not share. What they export, need and weigh is fixed. The holder's (gates/holder.mjs). And how old a C library the
// package's other parts run with. `node scripts/gates.mjs FILE...` measures files that others have built (native/Makefile),
// which may be of any size.
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { holderRows, isHolder } from "./gates/holder.mjs";
import { readelf } from "./gates/readelf.mjs";
import { archs, parts } from "./parts.mjs";
import { root } from "./step.mjs";

const shim = {
  exported: [
    "bindresvport",
    "bindresvport_sa",
    "gssrpc_bindresvport",
    "gssrpc_bindresvport_sa",
    "portreserve_shim",
    "rresvport",
    "rresvport_af",
  ],
  /** All that it asks libc for, whatever the processor. */
  imported: new Set(["__errno_location", "bind", "getsockname"]),
};
const share = { exported: ["bind", "portreserve_share"], imported: new Set(["__errno_location"]) };

/** What the linker must have marked it with, or the loader takes the protection from the whole program. */
const marks = { X86: "IBT, SHSTK", 386: "IBT, SHSTK", AArch64: "BTI, PAC" };

/** The highest version of these symbols that a file needs: GLIBC, GLIBCXX. */
function highest(library, family) {
  const versions = readelf(library, "-V").flatMap((line) =>
    [...line.matchAll(new RegExp(`\\b${family}_([0-9.]+)`, "g"))].map((match) => match[1]),
  );
  return versions.sort(numerically).at(-1) ?? "none";
}

const numerically = (a, b) => a.localeCompare(b, "en", { numeric: true });
const needs = (library) => readelf(library, "-d").flatMap((line) => line.match(/\(NEEDED\).*\[(.*)\]/)?.[1] ?? []);

/** Measures one library: rows of what, found, limit, and whether it holds. */
function measure(library) {
  const { exported, imported } = path.basename(library).startsWith("libportreserve-share") ? share : shim;
  const dynamic = readelf(library, "-d");
  const all = readelf(library, "--dyn-syms")
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns.length >= 8 && columns[4] !== "LOCAL" && columns[0] !== "Num:");
  const named = (isWanted) => all.filter((columns) => isWanted(columns[6])).map((columns) => columns[7].split("@")[0]);
  const symbols = named((section) => section !== "UND").sort();
  const others = named((section) => section === "UND").filter((name) => !imported.has(name));
  const machine =
    readelf(library, "-h")
      .join("\n")
      .match(/Machine:.*?(X86|386|AArch64)/)?.[1] ?? "";
  const marked =
    readelf(library, "-n")
      .join("\n")
      .match(/Properties: .*?feature: (.*)/)?.[1] ?? "none";
  const relocations = readelf(library, "-r").filter((line) => /^[0-9a-f]+\s+[0-9a-f]+\s+R_/.test(line)).length;
  const needed = needs(library);
  const glibc = highest(library, "GLIBC");
  const segments = readelf(library, "-l").flatMap((line) => line.match(/^\s*LOAD((?:\s+0x[0-9a-f]+){5})/)?.[1] ?? []);
  const loaded = segments.reduce((sum, columns) => sum + Number(columns.trim().split(/\s+/)[3]), 0);
  // arm64 kernels may have pages of 64 KiB, so its segments lie that far apart in the file too, with zeros between.
  const gap = machine === "AArch64" ? 65536 : 0;
  const startup = dynamic.filter((line) => /\((INIT|FINI|INIT_ARRAY|FINI_ARRAY|PREINIT_ARRAY)\)/.test(line)).length;
  const paths = dynamic.filter((line) => /\((RPATH|RUNPATH|TEXTREL)\)/.test(line)).length;
  const size = statSync(library).size;
  return [
    ["size, bytes", size, `<= ${8192 + gap}`, size <= 8192 + gap],
    ["loaded, bytes", loaded, "<= 8192", loaded > 0 && loaded <= 8192],
    ["relocations", relocations, "<= 16", relocations <= 16],
    ["needed", needed.join(" "), "libc.so.6", needed.join(" ") === "libc.so.6"],
    ["glibc", glibc, "<= 2.17", glibc !== "none" && numerically(glibc, "2.17") <= 0],
    ["exports", symbols.length, exported.length, symbols.join(" ") === exported.join(" ")],
    ["other imports", others.join(" ") || "none", "none", others.length === 0],
    ["protection", marked, marks[machine], marked === marks[machine]],
    ["constructors", startup, 0, startup === 0],
    ["rpath, textrel", paths, 0, paths === 0],
  ];
}

const given = process.argv.slice(2);
let failed = 0;

function show(file, rows) {
  console.log(path.relative(root, file));
  for (const [what, found, limit, holds] of rows) {
    console.log(`  ${holds ? "ok  " : "FAIL"} ${what.padEnd(16)} ${String(found).padEnd(12)} (${limit})`);
    failed += holds ? 0 : 1;
  }
}

/** What was not built is passed over, unless all is required; what every build makes is always required. */
function skip(name, cure, always) {
  console.log(`skipped: ${name} was not built (${cure})`);
  failed += process.env.PORTRESERVE_REQUIRE_ALL === "1" || always ? 1 : 0;
}

const isLibrary = (name) => name.startsWith("libportreserve");
const isMeasured = (name) => isLibrary(name) || isHolder(name);
const rowsOf = (file) => (isHolder(path.basename(file)) ? holderRows(file) : measure(file));
const built = path.join(root, "build", "Release");
for (const file of given) show(path.resolve(file), rowsOf(path.resolve(file)).slice(1));
for (const name of given.length > 0 ? [] : parts("x64").filter(isMeasured)) {
  if (existsSync(path.join(built, name))) show(path.join(built, name), rowsOf(path.join(built, name)));
  else skip(name, "for 32-bit programs; CONTRIBUTING.md says what that needs", !name.includes("i386"));
}

for (const arch of given.length > 0 ? [] : archs) {
  const folder = path.join(root, "prebuilds", `linux-${arch}`);
  if (!existsSync(folder)) {
    skip(path.relative(root, folder), "'npm run build:prebuilt' makes it", false);
    continue;
  }
  for (const name of parts(arch).filter(isMeasured)) show(path.join(folder, name), rowsOf(path.join(folder, name)));
  // As old a distribution as Node's own builds run on: Debian 10, RHEL 8.
  for (const name of parts(arch).filter((part) => !isMeasured(part))) {
    const file = path.join(folder, name);
    const rows = Object.entries({ GLIBC: "2.28", GLIBCXX: "3.4.25" }).map(([family, limit]) => {
      const found = highest(file, family);
      return [family.toLowerCase(), found, `<= ${limit}`, found === "none" || numerically(found, limit) <= 0];
    });
    show(file, [["needed", needs(file).join(" "), "any", true], ...rows]);
  }
}
if (failed > 0) {
  console.error(`error: ${failed} limits do not hold`);
  process.exit(1);
}
