// Draws docs/session.svg from docs/session.json, which test/guests/session.test.ts records on a terminal in a real guest.
// usage: node scripts/session.mjs
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "./step.mjs";

const PROMPT = "# ";
const CHARACTER = 8.4; // width in pixels at 14 px
const LINE = 20;
const MARGIN = 20;
const BAR = 36;
/** Seconds from one command to the next; what it says comes half a second after it was typed. */
const PACE = 3;
const COLORS = { 31: "red", 32: "green", 33: "yellow", 34: "blue", 35: "magenta", 36: "cyan" };

/** Pieces of text with their classes, of a line with the escape sequences that set colour and weight (SGR). */
function pieces(line, style) {
  const found = [];
  let at = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
  for (const match of line.matchAll(/\x1b\[([0-9;]*)m/g)) {
    found.push([line.slice(at, match.index), [...style.values()]]);
    at = match.index + match[0].length;
    for (const code of match[1].split(";").map(Number)) set(style, code);
  }
  found.push([line.slice(at), [...style.values()]]);
  return found.filter(([text]) => text !== "");
}

function set(style, code) {
  if (code === 0) style.clear();
  else if (code === 1) style.set("weight", "bold");
  else if (code === 2) style.set("weight", "dim");
  else if (code === 22) style.delete("weight");
  else if (code === 39) style.delete("color");
  else if (COLORS[code] !== undefined) style.set("color", COLORS[code]);
  else throw new Error(`nothing is known of the escape sequence for ${code}`);
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function tspans(found) {
  return found
    .map(([text, classes]) =>
      classes.length === 0 ? escaped(text) : `<tspan class="${classes.join(" ")}">${escaped(text)}</tspan>`,
    )
    .join("");
}

/** Each line with the second at which it is there. */
function linesOf(session) {
  return session.flatMap(({ command, output }, index) => {
    const style = new Map();
    const said = output === "" ? [] : output.replace(/\n$/, "").split("\n");
    const typed = [
      [PROMPT, ["green", "bold"]],
      [command, ["bold"]],
    ];
    return [
      { found: typed, at: index * PACE },
      ...said.map((line) => ({ found: pieces(line, style), at: index * PACE + 0.5 })),
    ];
  });
}

function draw(session) {
  const lines = linesOf(session);
  const columns = Math.max(...lines.map(({ found }) => found.map(([text]) => text).join("").length));
  const width = Math.ceil(columns * CHARACTER + 2 * MARGIN);
  const height = BAR + lines.length * LINE + MARGIN;
  const times = [...new Set(lines.map(({ at }) => at))];
  const text = lines.map(
    ({ found, at }, index) =>
      `<text x="${MARGIN}" y="${BAR + (index + 1) * LINE - 5}" class="t${times.indexOf(at)}">${tspans(found)}</text>`,
  );
  const words = session.map(({ command }) => command).join("; ");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" xml:space="preserve">
<title>${escaped(`A terminal on Debian 12: ${words}`)}</title>
<style>
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #d6deeb; white-space: pre; }
.bold { font-weight: 700; }
.dim { opacity: 0.65; }
.red { fill: #ff7b72; } .green { fill: #7ee787; } .yellow { fill: #e3b341; }
.blue { fill: #79c0ff; } .magenta { fill: #d2a8ff; } .cyan { fill: #76e3ea; }
@keyframes come { from { visibility: hidden; } to { visibility: visible; } }
@media (prefers-reduced-motion: no-preference) {
${times.map((at, index) => `.t${index} { animation: come 0.01s linear ${at}s both; }`).join("\n")}
}
</style>
<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
<circle cx="20" cy="18" r="6" fill="#ff7b72"/><circle cx="40" cy="18" r="6" fill="#e3b341"/><circle cx="60" cy="18" r="6" fill="#7ee787"/>
${text.join("\n")}
</svg>
`;
}

const session = JSON.parse(readFileSync(path.join(root, "docs/session.json"), "utf8"));
writeFileSync(path.join(root, "docs/session.svg"), draw(session));
