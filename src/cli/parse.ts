// The command line as data: help, or a verb with its options and arguments, or what is wrong with it.
import { Command, CommanderError } from "commander";
import { overviewHelp, synopsis, verbHelp } from "./help.ts";
import { type Flags, GLOBAL_OPTIONS, OPTION_TEXTS } from "./options.ts";
import { verbs } from "./registry.ts";
import type { OptionName, Verb } from "./verb.ts";

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
  const parsed = parsedBy(argv);
  if (parsed.kind !== "wrong" && parsed.kind !== "nothing") return parsed;
  const verb = firstVerb(argv);
  // A parser that failed does not say which options it has seen.
  const end = argv.indexOf("--");
  const json =
    argv.slice(0, end < 0 ? argv.length : end).includes("--json") && (verb?.options.includes("json") ?? true);
  if (parsed.kind === "nothing") return json ? { ...wrong("there is no verb", undefined), json } : parsed;
  return { ...parsed, json, command: verb?.name ?? "" };
}

function firstVerb(argv: readonly string[]): Verb | undefined {
  return argv.map(verbNamed).find((verb) => verb !== undefined);
}

function parsedBy(argv: readonly string[]): Parsed {
  if (argv.length === 0) return { kind: "nothing", text: overviewHelp() };
  let found: Parsed | undefined;
  const program = newProgram((parsed) => {
    found = parsed;
  });
  try {
    program.parse([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return wrong(error.message, firstVerb(argv)?.name);
  }
  return found ?? { kind: "nothing", text: overviewHelp() };
}

function newProgram(found: (parsed: Parsed) => void): Command {
  const program = quiet(new Command("portreservectl")).enablePositionalOptions();
  for (const name of GLOBAL_OPTIONS) addOption(program, name);
  program.option("--version").option("-h, --help");
  program.argument("[verb]").action((word: string | undefined) => {
    const flags = program.opts<Flags & { version?: boolean; help?: boolean }>();
    if (flags.version) found({ kind: "version" });
    else if (flags.help) found({ kind: "help", text: overviewHelp() });
    else if (word !== undefined) found(wrong(`unknown verb '${word}'`, undefined));
  });
  program.allowExcessArguments();
  for (const verb of verbs) addVerb(program, verb, found);
  quiet(program.command("help [words...]")).action((words: string[]) => found(helpFor(words)));
  return program;
}

function addVerb(program: Command, verb: Verb, found: (parsed: Parsed) => void): void {
  const command = quiet(program.command(verb.name)).argument("[args...]").option("-h, --help");
  for (const name of parsedOptions(verb)) addOption(command, name);
  addOption(command, "no-color");
  if (verb.passThrough) command.passThroughOptions();
  command.action((args: string[]) => {
    if (command.opts().help || program.opts().help) return found({ kind: "help", text: verbHelp(verb) });
    const flags = { ...given(program), ...given(command) };
    found(misplaced(program, verb) ?? countFault(verb, args) ?? { kind: "verb", verb, flags, args });
  });
}

function parsedOptions({ options, refuses = [] }: Verb): readonly OptionName[] {
  return [...options, ...refuses];
}

/** Commander prints nothing and exits nowhere. */
function quiet(command: Command): Command {
  return command
    .helpOption(false)
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: () => {} });
}

function addOption(command: Command, name: OptionName | "no-color"): void {
  command.option(OPTION_TEXTS[name].flag, OPTION_TEXTS[name].help);
}

/** Only what the user wrote: a default must not hide what stands before the verb. */
function given(command: Command): Flags {
  return Object.fromEntries(
    Object.entries(command.opts()).filter(([key]) => command.getOptionValueSource(key) === "cli"),
  );
}

/** An option before the verb that this verb does not take. */
function misplaced(program: Command, verb: Verb): Parsed | undefined {
  const takes = new Set<string>([...parsedOptions(verb), "no-color", "color"]);
  const extra = Object.keys(given(program)).find((key) => !takes.has(key));
  return extra === undefined ? undefined : wrong(`'${verb.name}' does not take --${extra}`, verb.name);
}

function countFault(verb: Verb, args: readonly string[]): Parsed | undefined {
  const [least, most] = verb.arity;
  if (args.length < least) return wrong(`'${verb.name}' needs an argument: ${synopsis(verb)}`, verb.name);
  if (args.length > most) return wrong(`'${verb.name}' does not take the argument '${args[most]}'`, verb.name);
  return undefined;
}

function helpFor([word, extra]: readonly string[]): Parsed {
  if (extra !== undefined) return wrong(`'help' does not take the argument '${extra}'`, undefined);
  if (word === undefined) return { kind: "help", text: overviewHelp() };
  const verb = verbNamed(word);
  return verb === undefined ? wrong(`unknown verb '${word}'`, undefined) : { kind: "help", text: verbHelp(verb) };
}

function verbNamed(word: string): Verb | undefined {
  return verbs.find(({ name }) => name === word);
}

function wrong(message: string, verb: string | undefined): Parsed & { readonly kind: "wrong" } {
  const [first = "", suggestion] = message.replace(/^error: /, "").split("\n");
  const similar = suggestion?.replace(/^\((.*)\)$/, "$1").toLowerCase();
  const help = verb === undefined ? "portreservectl --help" : `portreservectl help ${verb}`;
  return { kind: "wrong", message: first, hint: similar ?? `'${help}' explains it`, json: false, command: "" };
}
