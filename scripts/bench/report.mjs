// The report as text for the terminal and as Markdown for docs/benchmarks.
import { goalText } from "./section.mjs";

function padded(columns, rows) {
  const widths = columns.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index].length)));
  const pad = (cell, index) => (index === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[index]));
  return [columns, ...rows].map((row) => `  ${row.map(pad).join("  ")}`.trimEnd());
}

function textTable({ caption, columns, rows }) {
  return [...(caption === undefined ? [] : [`  ${caption}`]), ...padded(columns, rows), ""];
}

export function sectionText({ title, tables, goals, skipped }) {
  return [
    "",
    `${title} (median, quartiles in brackets)`,
    "",
    ...tables.flatMap(textTable),
    ...skipped.map((reason) => `  skipped: ${reason}`),
    ...goals.map((one) => `  ${one.met ? "ok    " : "MISSED"} ${goalLine(one)}`),
  ].join("\n");
}

function goalLine(one) {
  const [found, limit] = goalText(one);
  return `${one.what}: ${found}, goal ${limit}`;
}

/** What nobody should overlook. */
export function missesText(sections) {
  const goals = sections.flatMap((section) => section.goals);
  const missed = goals.filter((one) => !one.met);
  if (missed.length === 0) return `\nall ${goals.length} goals are met`;
  return ["", "!".repeat(72), ...missed.map((one) => `! MISSED: ${goalLine(one)}`), "!".repeat(72)].join("\n");
}

function markdownTable({ caption, columns, rows }) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = columns.map((_, index) => (index === 0 ? ":--" : "--:"));
  return [...(caption === undefined ? [] : [`**${caption}**`, ""]), line(columns), line(rule), ...rows.map(line), ""];
}

function sectionMarkdown({ title, notes, image, tables, skipped }) {
  return [
    `## ${title}`,
    "",
    ...notes.flatMap((note) => [note, ""]),
    ...(image === undefined ? [] : [`![${image.alt}](${image.file})`, ""]),
    ...tables.flatMap(markdownTable),
    ...skipped.flatMap((reason) => [`Not measured: ${reason}.`, ""]),
  ];
}

export function markdown(machine, sections) {
  const goals = sections.flatMap((section) => section.goals);
  return [
    "<!-- Written by `npm run bench`: change the scripts, not this file. -->",
    "# Benchmarks",
    "",
    "Everything is compared with a peer that was measured in the same run, in turn with it; times alone say little",
    "about another machine, ratios do. Figures are medians, with the quartiles in brackets.",
    "`npm run bench` measures again and writes this page, `results.json` and the plot.",
    "",
    "## Goals",
    "",
    ...markdownTable({
      columns: ["what", "found", "goal", ""],
      rows: goals.map((one) => [one.what, ...goalText(one)]),
    }),
    "## Machine and versions",
    "",
    ...markdownTable({ columns: ["what", ""], rows: Object.entries(machine) }),
    ...sections.flatMap(sectionMarkdown),
  ]
    .join("\n")
    .trimEnd()
    .concat("\n");
}
