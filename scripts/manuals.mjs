// What mandoc and groff have to say of the man pages, or of the files named: nothing, or this script fails.
import { spawnSync } from "node:child_process";
import process from "node:process";
import { files, have, root } from "./step.mjs";

const named = process.argv.slice(2);
const pages = named.length > 0 ? named : files("docs/*.5", "docs/*.8");

/** The lines in which a program that only checks complains. */
function complaints(command, args) {
  const { error, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  return error ? [error.message] : `${stdout}${stderr}`.split("\n").filter((line) => line !== "");
}

/** Which other manuals this machine has is not the pages' fault. */
const HERE = /referenced manual not found|outdated mandoc\.db/;

const said = [
  ...(have("mandoc", "mandoc")
    ? complaints("mandoc", ["-T", "lint", "-W", "style", ...pages]).filter((line) => !HERE.test(line))
    : []),
  ...(have("groff", "groff-base")
    ? pages.flatMap((page) => complaints("groff", ["-mandoc", "-T", "utf8", "-rCHECKSTYLE=3", "-ww", "-z", page]))
    : []),
];
for (const line of said) console.error(line);
process.exit(said.length === 0 ? 0 : 1);
