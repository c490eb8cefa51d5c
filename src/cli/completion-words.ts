// What there is to complete, whichever the shell: options, their values, and what of the host an argument may be.
import { GLOBAL_OPTIONS, OPTION_TEXTS } from "./options.ts";
import type { Completable, OptionName, Verb } from "./verb.ts";

/** bash expands what it is given as words, so a name with anything else in it is left out. */
const PLAIN = "while read -r one rest; do case $one in *[!A-Za-z0-9_:@.-]*) ;; *) echo $one ;; esac; done";

/** Commands of sh that print one word a line, and nothing else, whatever they meet. */
export const HOST_WORDS: Readonly<Record<Completable | "pids", string>> = {
  units: `systemctl list-unit-files --type=service,socket --no-legend --no-pager --plain 2>/dev/null | ${PLAIN};`,
  owners: `command ls /etc/portreserve 2>/dev/null | ${PLAIN};`,
  ports:
    "portreservectl list 2>/dev/null | while read -r one rest; do case $one in [0-9]*/tcp|[0-9]*/udp) echo $one ;; esac; done;",
  pids: `for one in /proc/[0-9]*; do echo \${one##*/}; done;`,
};

/** Options whose value is one of these, or a file. */
export const OPTION_VALUES: Readonly<
  Partial<Record<OptionName | "color", Completable | "pids" | "folders" | "files" | readonly string[]>>
> = {
  root: "folders",
  output: "files",
  unit: "units",
  "one-unit": "units",
  pid: "pids",
  color: ["auto", "always", "never"],
};

export type AnyOption = keyof typeof OPTION_TEXTS;

/** "--unit" for "one-unit". */
export function flagName(name: AnyOption): string {
  return OPTION_TEXTS[name].flag.split(" ")[0] as string;
}

export function optionsOf(verb: Verb): readonly AnyOption[] {
  return [...verb.options, ...(verb.options.length > 0 ? (["color", "no-color"] as const) : [])];
}

/** Fixed words and options. */
export function wordsOf(verb: Verb): readonly string[] {
  return [...(verb.words ?? []), ...optionsOf(verb).map(flagName), "--help"];
}

/** In front of the verb. */
export const FIRST_WORDS: readonly string[] = [
  "help",
  "version",
  "--help",
  "--version",
  ...GLOBAL_OPTIONS.map(flagName),
];

/** The shells that completion has a script for are its own words. */
export function withShells(verbs: readonly Verb[]): readonly Verb[] {
  return verbs.map((verb) => (verb.name === "completion" ? { ...verb, words: ["bash", "zsh", "fish"] } : verb));
}

/** How a shell makes words of each kind of value. */
export interface ValueWords {
  readonly folders: string;
  readonly files: string;
  /** `all`: the words themselves, or "$(COMMAND)" for what a command prints. */
  readonly words: (all: string) => string;
}

/** The branches of a case on the option in front, for bash and zsh. */
export function valueCases({ folders, files, words }: ValueWords, then: (words: string) => string): readonly string[] {
  return Object.entries(OPTION_VALUES)
    .filter(([name]) => name !== "one-unit")
    .map(([name, value]) => {
      const made =
        value === "folders"
          ? folders
          : value === "files"
            ? files
            : words(typeof value === "string" ? `$(_portreservectl_${value})` : (value ?? []).join(" "));
      return `      ${flagName(name as AnyOption)}) ${then(made)} ;;`;
    });
}
