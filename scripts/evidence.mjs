// Renders docs/evidence.md from docs/evidence/NAME.json, one section for each file, in the order of their names.
// Nobody writes either by hand: a suite that was asked to (--record) calls record() when its run is over.
//
//   { "title":    "Fuzzing",                        heading of the section
//     "command":  "npm run fuzz -- --record",       what repeats the run, as typed in the project's folder
//     "note":     "What was run and how.",          one paragraph, or a list of paragraphs; Markdown
//     "columns":  ["target", "executions", ...],    columns of numbers are aligned to the right
//     "rows":     [["table view", 123456, ...]],    strings, or numbers, which are shown as 123,456
//     "date":     "2026-11-23",                     from here on record() knows by itself
//     "kernel":   "Linux 6.18.44",
//     "packages": { "clang": "1:14.0-55.7", "libc6": "2.36-9", "node": "v20.20.2" } }
//
//   import { record } from "./evidence.mjs";
//   record("stress", { title, command, note, columns, rows, packages: ["gcc"] });   Debian packages besides libc6
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { root } from "./step.mjs";

const folder = path.join(root, "docs", "evidence");
const page = path.join(root, "docs", "evidence.md");

function packageVersion(name) {
  const asked = spawnSync("dpkg-query", ["-W", "-f", "$" + "{Version}", name], { encoding: "utf8" });
  return asked.status === 0 && asked.stdout !== "" ? asked.stdout : "not a package here";
}

/** Writes docs/evidence/NAME.json, with what this machine is, and renders the page again. */
export function record(name, { title, command, note, columns, rows, packages = [] }) {
  const uneven = rows.find((row) => row.length !== columns.length);
  if (uneven) throw new Error(`a row of '${name}' has ${uneven.length} cells, not ${columns.length}: ${uneven}`);
  const versions = ["libc6", ...packages].map((each) => [each, packageVersion(each)]);
  const section = {
    title,
    command,
    note,
    columns,
    rows,
    date: new Date().toISOString().slice(0, 10),
    kernel: `Linux ${os.release()}`,
    packages: Object.fromEntries([...versions, ["node", process.version]]),
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, `${name}.json`), `${JSON.stringify(section, null, 2)}\n`);
  render();
  console.log(`written: 'docs/evidence/${name}.json', 'docs/evidence.md'`);
}

function cellText(value) {
  return typeof value === "number" ? value.toLocaleString("en-US") : String(value).replaceAll("|", "\\|");
}

const isNumber = (value) => typeof value === "number" || /^[\d.,]+( |$)/.test(value);

function sectionMarkdown({ title, command, note, columns, rows, date, kernel, packages }) {
  const line = (cells) => `| ${cells.map(cellText).join(" | ")} |`;
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  return [
    `## ${title}`,
    "",
    ...[note].flat().flatMap((paragraph) => [paragraph, ""]),
    line(columns),
    line(columns.map((_, index) => (index > 0 && rows.every((row) => isNumber(row[index])) ? "--:" : ":--"))),
    ...rows.map(line),
    "",
    `\`${command}\`, ${date}, ${kernel}, ${versions.join(", ")}.`,
    "",
  ];
}

/** Writes docs/evidence.md from what all suites have recorded. */
function render() {
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  const sections = names.sort().map((name) => JSON.parse(readFileSync(path.join(folder, name), "utf8")));
  const text = [
    "<!-- Written by scripts/evidence.mjs from docs/evidence: change the scripts, not this file. -->",
    "# Evidence",
    "",
    "What long runs found. Each section is written by the run that it tells of, and says how to repeat it.",
    "",
    ...sections.flatMap(sectionMarkdown),
  ];
  writeFileSync(page, `${text.join("\n").trimEnd()}\n`);
}

if (process.argv[1] === import.meta.filename) render();
