// The help, made from the registry: what a verb is for, its options, examples and exit codes.
import { EXIT_BUG, EXIT_CODES, EXIT_OLD_NODE } from "./exit-codes.ts";
import { GLOBAL_OPTIONS, OPTION_TEXTS } from "./options.ts";
import { verbs } from "./registry.ts";
import type { Verb } from "./verb.ts";

const WIDTH = 80;

export function overviewHelp(): string {
  return text([
    "usage: portreservectl VERB [OPTION…] [ARGUMENT…]",
    "",
    ...wrap(
      "Keeps bindresvport() and its siblings from handing out a privileged port that a service needs. Each file in " +
        "/etc/portreserve is named after a service and lists its ports, one a line; install puts them in force, and compile " +
        "makes later changes take effect.",
      0,
    ),
    "",
    "verbs:",
    ...pairs(verbs.map(({ name, summary }) => [name, summary])),
    ...pairs([["help VERB", "explain one verb: options, examples, exit codes"]]),
    "",
    "options for most verbs:",
    ...pairs([
      ...GLOBAL_OPTIONS.map((name): [string, string] => [OPTION_TEXTS[name].flag, OPTION_TEXTS[name].help]),
      ["-V, --version", "print the version"],
      ["-h, --help", "print this help, or the help of a verb"],
    ]),
    "",
    "exit codes:",
    ...pairs([
      ["0", "done, or yes"],
      ["1", "it ran, and the answer is no or something was rejected"],
      ["2", "usage error"],
      ["3", "could not complete: input or output failed"],
      ["4", "needs root"],
      ["5", "refused as unsafe"],
      [String(EXIT_OLD_NODE), "Node is too old for it, and nothing was done"],
      [String(EXIT_BUG), "a bug in portreservectl"],
      ["126, 127", "run: the command cannot be executed; it does not exist"],
    ]),
    "",
    "start here:",
    ...pairs([
      ["portreservectl demo", "see the problem and the cure, without touching the host"],
      ["portreservectl check", "see what is configured, and what is wrong with it"],
      ["man portreservectl", "all of it; 'Words' explains allocator, via and held"],
    ]),
  ]);
}

export function verbHelp(verb: Verb): string {
  const options = [...verb.options, ...(verb.options.length > 0 ? (["color", "no-color"] as const) : [])];
  return text([
    `usage: ${synopsis(verb)}`,
    "",
    ...wrap(verb.description, 0),
    ...section("options", [
      ...options.map((name): [string, string] => [OPTION_TEXTS[name].flag, OPTION_TEXTS[name].help]),
      ["--help", "print this help"],
    ]),
    "",
    "examples:",
    ...verb.examples.flatMap(([command, explanation]) => [`  ${command}`, `      ${explanation}`]),
    ...section("exit codes", [
      ...verb.outcomes.map(([outcome, meaning]): [string, string] => [String(EXIT_CODES[outcome]), meaning]),
      ...(verb.passThrough ? [["others", "the command's own"] as [string, string]] : []),
      [String(EXIT_OLD_NODE), "Node is too old for it, and nothing was done"],
      [String(EXIT_BUG), "a bug in portreservectl"],
    ]),
  ]);
}

/** "portreservectl lookup [OPTION…] PORT[/PROTO] | NAME" */
export function synopsis(verb: Verb): string {
  const parts = ["portreservectl", verb.name, verb.options.length > 0 ? "[OPTION…]" : "", verb.synopsis];
  return parts.filter((part) => part !== "").join(" ");
}

function section(title: string, rows: readonly (readonly [string, string])[]): string[] {
  return ["", `${title}:`, ...pairs(rows)];
}

const LEFT_COLUMN = 22;

function pairs(rows: readonly (readonly [string, string])[]): string[] {
  return rows.flatMap(([left, right]) => {
    const [first = "", ...rest] = wrap(right, LEFT_COLUMN + 2);
    return [`  ${left.padEnd(LEFT_COLUMN)}${first.trimStart()}`, ...rest];
  });
}

function wrap(paragraph: string, indent: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of paragraph.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((one) => " ".repeat(indent) + one);
}

function text(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}
