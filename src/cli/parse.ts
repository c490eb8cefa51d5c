// The command line as data: help, or a verb with its options and arguments, or what is wrong with it.
import { nearest } from "../core/config/suggest.ts";
import { overviewHelp, synopsis, verbHelp } from "./help.ts";
import { colorChoice, type Flags, GLOBAL_OPTIONS } from "./options.ts";
import { verbs } from "./registry.ts";
import { type Scanned, scanOptions } from "./scan-options.ts";
import type { Verb } from "./verb.ts";

export type Parsed =
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" }
  /** No verb at all: the help, and exit code 2. */
  | { readonly kind: "nothing"; readonly text: string }
  | { readonly kind: "verb"; readonly verb: Verb; readonly flags: Flags; readonly args: readonly string[] }
  /** `json`: with --json, for something that takes it. `command` is empty where there is no verb. */
  | {
      readonly kind: "wrong";
      readonly message: string;
      readonly hint: string;
      readonly json: boolean;
      readonly command: string;
    };

/** `argv` without node and the script. Never throws. */
export function parse(argv: readonly string[]): Parsed {
  const parsed = parseVerb(argv);
  if (parsed.kind !== "wrong" && parsed.kind !== "nothing") return parsed;
  const verb = firstVerb(argv);
  // Whatever is wrong, what was asked for in JSON is answered in JSON.
  const end = argv.indexOf("--");
  const json =
    argv.slice(0, end < 0 ? argv.length : end).includes("--json") && (verb?.options.includes("json") ?? true);
  if (parsed.kind === "nothing") return json ? { ...wrong("there is no verb", undefined), json } : parsed;
  return { ...parsed, json, command: verb?.name ?? "" };
}

function parseVerb(argv: readonly string[]): Parsed {
  const before = scanOptions(argv, [...GLOBAL_OPTIONS, "version", "help"], { untilWord: true });
  const [word, ...rest] = before.words;
  if (before.fault !== undefined) return wrongOption(before.fault, firstVerb(argv)?.name);
  if (before.flags.has("version")) return { kind: "version" };
  if (word === "version" && rest.length === 0) return { kind: "version" };
  if (word === "help") return helpFor(scanOptions(rest, []));
  const verb = word === undefined ? undefined : verbNamed(word);
  if (before.flags.has("help")) return { kind: "help", text: verb === undefined ? overviewHelp() : verbHelp(verb) };
  if (word === undefined) return { kind: "nothing", text: overviewHelp() };
  return verb === undefined ? unknownVerb(word) : callOf(verb, before.flags, rest);
}

function callOf(verb: Verb, globals: Flags, rest: readonly string[]): Parsed {
  const takes = [...verb.options, ...(verb.refuses ?? []), "color", "no-color"] as const;
  const { flags, words: args, fault } = scanOptions(rest, [...takes, "help"], { untilWord: verb.passThrough });
  if (fault !== undefined) return wrongOption(fault, verb.name);
  if (flags.has("help")) return { kind: "help", text: verbHelp(verb) };
  const misplaced = [...globals.keys()].find((name) => !(takes as readonly string[]).includes(name));
  if (misplaced !== undefined) return wrong(`'${verb.name}' does not take --${misplaced}`, verb.name);
  const all: Flags = new Map([...globals, ...flags]);
  if (colorChoice(all) === undefined) {
    return wrong(
      `'${all.get("color")?.at(-1)}' is not a way to colour`,
      verb.name,
      "write --color=auto, always or never",
    );
  }
  const [least, most] = verb.arity;
  if (args.length < least) return wrong(`'${verb.name}' needs an argument: ${synopsis(verb)}`, verb.name);
  if (args.length > most) return wrong(`'${verb.name}' does not take the argument '${args[most]}'`, verb.name);
  return { kind: "verb", verb, flags: all, args };
}

function helpFor({ words: [word, extra], fault }: Scanned): Parsed {
  if (fault !== undefined) return wrongOption(fault, undefined);
  if (extra !== undefined) return wrong(`'help' does not take the argument '${extra}'`, undefined);
  if (word === undefined || word === "help" || word === "version") return { kind: "help", text: overviewHelp() };
  const verb = verbNamed(word);
  return verb === undefined ? unknownVerb(word) : { kind: "help", text: verbHelp(verb) };
}

function firstVerb(argv: readonly string[]): Verb | undefined {
  return argv.map(verbNamed).find((verb) => verb !== undefined);
}

function verbNamed(word: string): Verb | undefined {
  return verbs.find(({ name }) => name === word);
}

function unknownVerb(word: string): Parsed {
  const near = nearest(word, [...verbs.map(({ name }) => name), "help", "version"]);
  return wrong(`unknown verb '${word}'`, undefined, near === undefined ? undefined : `did you mean '${near}'?`);
}

function wrongOption({ message, near }: NonNullable<Scanned["fault"]>, verb: string | undefined): Parsed {
  return wrong(message, verb, near === undefined ? undefined : `did you mean --${near}?`);
}

function wrong(message: string, verb: string | undefined, hint?: string): Parsed & { readonly kind: "wrong" } {
  const help = verb === undefined ? "portreservectl --help" : `portreservectl help ${verb}`;
  return { kind: "wrong", message, hint: hint ?? `'${help}' explains it`, json: false, command: "" };
}
