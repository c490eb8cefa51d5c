// The shim's limits: it is loaded into every program of a host, so what it exports, needs and weighs is fixed.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { root } from "./step.mjs";

const exported = [
  "bindresvport",
  "bindresvport_sa",
  "gssrpc_bindresvport",
  "gssrpc_bindresvport_sa",
  "portreserve_shim",
  "rresvport",
  "rresvport_af",
];

/** readelf's answer as lines; binutils comes with every compiler. */
function readelf(library, ...options) {
  const done = spawnSync("readelf", ["-W", ...options, library], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
  });
  if (done.status !== 0) {
    throw new Error(`readelf ${options.join(" ")} ${library}: ${done.stderr}`);
  }
  return done.stdout.split("\n");
}

function highest(versions) {
  return versions.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1) ?? "none";
}

/** Measures one library: rows of what, found, limit, and whether it holds. */
function measure(library) {
  const dynamic = readelf(library, "-d");
  const symbols = readelf(library, "--dyn-syms")
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns.length >= 8 && columns[6] !== "UND" && columns[4] !== "LOCAL" && columns[0] !== "Num:")
    .map((columns) => columns[7])
    .sort();
  const relocations = readelf(library, "-r").filter((line) => /^[0-9a-f]+\s+[0-9a-f]+\s+R_/.test(line)).length;
  const needed = dynamic.flatMap((line) => line.match(/\(NEEDED\).*\[(.*)\]/)?.[1] ?? []);
  const glibc = highest(
    readelf(library, "-V").flatMap((line) => [...line.matchAll(/GLIBC_([0-9.]+)/g)].map((m) => m[1])),
  );
  const startup = dynamic.filter((line) => /\((INIT|FINI|INIT_ARRAY|FINI_ARRAY|PREINIT_ARRAY)\)/.test(line)).length;
  const paths = dynamic.filter((line) => /\((RPATH|RUNPATH|TEXTREL)\)/.test(line)).length;
  const size = statSync(library).size;
  return [
    ["size, bytes", size, "<= 8192", size <= 8192],
    ["relocations", relocations, "<= 16", relocations <= 16],
    ["needed", needed.join(" "), "libc.so.6", needed.join(" ") === "libc.so.6"],
    ["glibc", glibc, "<= 2.17", highest([glibc, "2.17"]) === "2.17"],
    ["exports", symbols.length, exported.length, symbols.join(" ") === exported.join(" ")],
    ["constructors", startup, 0, startup === 0],
    ["rpath, textrel", paths, 0, paths === 0],
  ];
}

let failed = 0;
for (const name of ["libportreserve.so", "libportreserve-i386.so"]) {
  const library = path.join(root, "build", "Release", name);
  if (!existsSync(library)) {
    console.log(`skipped: ${name} was not built (32-bit: Debian package gcc-multilib)`);
    failed += process.env.PORTRESERVE_REQUIRE_ALL === "1" || name === "libportreserve.so" ? 1 : 0;
    continue;
  }
  console.log(name);
  for (const [what, found, limit, holds] of measure(library)) {
    console.log(`  ${holds ? "ok  " : "FAIL"} ${what.padEnd(16)} ${String(found).padEnd(12)} (${limit})`);
    failed += holds ? 0 : 1;
  }
}
if (failed > 0) {
  console.error(`error: ${failed} of the shim's limits do not hold`);
  process.exit(1);
}
