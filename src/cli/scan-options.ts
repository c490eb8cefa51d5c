// Options and words of a command line, told apart by Node's parseArgs, by the options that may stand there.
import { parseArgs } from "node:util";
import { nearest } from "../core/config/suggest.ts";
import { type ColorOption, type FlagName, type Flags, OPTION_TEXTS } from "./options.ts";
import type { OptionName } from "./verb.ts";

export interface Scanned {
  readonly flags: Flags;
  readonly words: readonly string[];
  /** The first thing that is wrong; `near` is the option that may have been meant, without its dashes. */
  readonly fault?: { readonly message: string; readonly near?: string | undefined };
}

/** `untilWord`: the first word and all that follows it are words, whatever they look like. Never throws. */
export function scanOptions(
  argv: readonly string[],
  names: readonly (OptionName | ColorOption | "version" | "help")[],
  { untilWord = false }: { readonly untilWord?: boolean | undefined } = {},
): Scanned {
  const known = new Map(names.map((name) => flagOf(name)).map((flag) => [flag.name, flag]));
  const options = Object.fromEntries([...known].map(([name, { value }]) => [name, shapeOf(name, value)]));
  // Not strict: its own errors would name neither the option that was meant nor the verb.
  const { tokens } = parseArgs({ args: [...argv], options, tokens: true, strict: false, allowPositionals: true });
  const flags = new Map<FlagName, readonly string[]>();
  const words: string[] = [];
  let severalOf: FlagName | undefined;
  for (const token of tokens) {
    if (token.kind === "positional") {
      if (untilWord) return { flags, words: argv.slice(token.index) };
      if (severalOf === undefined) words.push(token.value);
      else flags.set(severalOf, [...(flags.get(severalOf) ?? []), token.value]);
      continue;
    }
    severalOf = undefined;
    if (token.kind === "option-terminator") continue;
    const flag = known.get(token.name as FlagName);
    if (flag === undefined) return { flags, words, fault: unknown(token, [...known.keys()]) };
    const fault = valueFault(token, flag);
    if (fault !== undefined) return { flags, words, fault: { message: fault } };
    if (flag.several) severalOf = flag.name;
    const earlier = flag.several ? (flags.get(flag.name) ?? []) : [];
    flags.set(flag.name, token.value === undefined ? earlier : [...earlier, token.value]);
  }
  return { flags, words };
}

interface Flag {
  readonly name: FlagName;
  /** As the help writes it, such as "<folder>"; undefined for an option that takes none. */
  readonly value: string | undefined;
  /** It takes all words up to the next option. */
  readonly several: boolean;
}

function flagOf(name: OptionName | ColorOption | "version" | "help"): Flag {
  if (name === "version" || name === "help") return { name, value: undefined, several: false };
  const [flag = "", value] = OPTION_TEXTS[name].flag.slice(2).split(" ");
  return { name: flag as FlagName, value, several: value?.endsWith("...>") ?? false };
}

const SHORT: Readonly<Partial<Record<FlagName, string>>> = { help: "h", version: "V", timeout: "t" };

function shapeOf(name: FlagName, value: string | undefined): { type: "boolean" | "string"; short?: string } {
  const short = SHORT[name];
  return { type: value === undefined ? "boolean" : "string", ...(short === undefined ? {} : { short }) };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function unknown({ name, rawName }: OptionToken, known: readonly string[]): NonNullable<Scanned["fault"]> {
  return { message: `unknown option '${rawName}'`, near: name.length > 1 ? nearest(name, known) : undefined };
}

/** What looks like the next option is no value; after '=' it is. */
function valueFault({ rawName, value, inlineValue }: OptionToken, flag: Flag): string | undefined {
  if (flag.value === undefined) return value === undefined ? undefined : `option '${rawName}' takes no value`;
  const missing = value === undefined || (!inlineValue && value.startsWith("-") && value !== "-");
  return missing ? `option '${rawName} ${flag.value}' argument missing` : undefined;
}
