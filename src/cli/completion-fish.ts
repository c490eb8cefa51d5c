// The completion script for fish.
import { type AnyOption, flagName, HOST_WORDS, OPTION_VALUES, optionsOf, withShells } from "./completion-words.ts";
import { OPTION_TEXTS } from "./options.ts";
import type { Verb } from "./verb.ts";

export function fishScript(all: readonly Verb[]): string[] {
  const verbs = withShells(all);
  const names = verbs.map(({ name }) => name).join(" ");
  return [
    "complete -c portreservectl -f",
    // The commands are sh's, which is everywhere.
    ...Object.entries(HOST_WORDS).map(
      ([name, command]) => `function __portreservectl_${name}; sh -c ${quoted(command)}; end`,
    ),
    `complete -c portreservectl -n '__fish_seen_subcommand_from help' -a '${names}'`,
    "complete -c portreservectl -n __fish_use_subcommand -a 'help version'",
    "complete -c portreservectl -n '__fish_seen_subcommand_from run' -a '(__fish_complete_command)'",
    ...verbs.flatMap(verbLines),
  ];
}

function verbLines(verb: Verb): readonly string[] {
  const after = `complete -c portreservectl -n '__fish_seen_subcommand_from ${verb.name}'`;
  return [
    `complete -c portreservectl -n __fish_use_subcommand -a ${verb.name} -d ${quoted(verb.summary)}`,
    ...(verb.words ?? []).map((word) => `${after} -a ${word}`),
    ...(verb.completes ?? []).map((one) => `${after} -a '(__portreservectl_${one})'`),
    ...optionsOf(verb).map(
      (name) => `${after} -l ${flagName(name).slice(2)}${completed(name)} -d ${quoted(OPTION_TEXTS[name].help)}`,
    ),
  ];
}

function completed(name: AnyOption): string {
  const value = name === "no-color" ? undefined : OPTION_VALUES[name];
  if (value === undefined) return OPTION_TEXTS[name].flag.includes(" ") ? " -r" : "";
  if (value === "folders") return " -r -a '(__fish_complete_directories)'";
  if (value === "files") return " -r -F";
  return typeof value === "string" ? ` -r -a '(__portreservectl_${value})'` : ` -r -a '${value.join(" ")}'`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
