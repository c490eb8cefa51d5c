// Completion scripts for three shells, made from the registry.
import type { Command } from "../commands/types.ts";
import { AppError } from "../system/app-error.ts";
import { GLOBAL_OPTIONS, OPTION_TEXTS } from "./options.ts";
import type { Verb } from "./verb.ts";

const SHELLS: Readonly<Record<string, (verbs: readonly Verb[]) => string[]>> = { bash, zsh, fish };

/** The verb of these verbs. It throws AppError `usage` for any other shell. */
export function completionOf(verbs: readonly Verb[]): Command {
  return ({ args: [shell = ""] }) => {
    const script = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
    if (script === undefined) throw new AppError("usage", `no completion for '${shell}'`, "write bash, zsh or fish");
    return {
      command: "completion",
      outcome: "done",
      diagnostics: [],
      body: [{ kind: "lines", lines: script(verbs) }],
      data: {},
    };
  };
}

function wordsOf(verb: Verb): string[] {
  return [
    ...(verb.words ?? []),
    ...verb.options.map((name) => OPTION_TEXTS[name].flag.split(" ")[0] as string),
    "--help",
  ];
}

function globalFlags(): string {
  return GLOBAL_OPTIONS.map((name) => OPTION_TEXTS[name].flag.split(" ")[0]).join(" ");
}

function names(verbs: readonly Verb[]): string {
  return verbs.map(({ name }) => name).join(" ");
}

function bash(verbs: readonly Verb[]): string[] {
  return [
    "_portreservectl() {",
    '  local current="$2" verb="" at=1 word',
    "  # The verb stands behind the options for all verbs; bash takes --root=X for three words.",
    "  while ((at < COMP_CWORD)); do",
    '    word="$' + '{COMP_WORDS[at]}"',
    '    case "$word" in',
    '      --root) if [ "$' + '{COMP_WORDS[at + 1]}" = "=" ]; then ((at += 3)); else ((at += 2)); fi ;;',
    "      -*) ((at += 1)) ;;",
    '      *) verb="$word"; break ;;',
    "    esac",
    "  done",
    '  if [ "$verb" != run ] && [[ "$' + '{COMP_WORDS[COMP_CWORD - 1]}" = --root ]]; then',
    '    COMPREPLY=($(compgen -d -- "$current"))',
    "    return",
    "  fi",
    '  if [ "$verb" = status ] && [[ "$' + '{COMP_WORDS[COMP_CWORD - 1]}" = --output ]]; then',
    '    COMPREPLY=($(compgen -f -- "$current"))',
    "    return",
    "  fi",
    '  if [[ "$verb" = *install && "$' + '{COMP_WORDS[*]}" = *--unit* && "$current" != -* ]]; then',
    "    local units",
    "    units=$(systemctl list-unit-files --type=service --no-legend --no-pager 2>/dev/null)",
    '    COMPREPLY=($(compgen -W "$(cut -d" " -f1 <<<"$units")" -- "$current"))',
    "    return",
    "  fi",
    '  case "$verb" in',
    `    "") COMPREPLY=($(compgen -W "${names(verbs)} help --help --version ${globalFlags()}" -- "$current")) ;;`,
    `    help) COMPREPLY=($(compgen -W "${names(verbs)}" -- "$current")) ;;`,
    '    completion) COMPREPLY=($(compgen -W "bash zsh fish --help" -- "$current")) ;;',
    ...verbs
      .filter((verb) => !verb.passThrough && verb.name !== "completion")
      .map((verb) => `    ${verb.name}) COMPREPLY=($(compgen -W "${wordsOf(verb).join(" ")}" -- "$current")) ;;`),
    '    run) COMPREPLY=($(compgen -c -- "$current")) ;;',
    "  esac",
    "}",
    "complete -o default -F _portreservectl portreservectl",
  ];
}

function zsh(verbs: readonly Verb[]): string[] {
  return [
    "#compdef portreservectl",
    "_portreservectl() {",
    "  if (( CURRENT == 2 )); then",
    "    local -a verbs=(",
    ...verbs.map(({ name, summary }) => `      '${name}:${summary}'`),
    "    )",
    "    _describe verb verbs",
    "  else",
    "    case $words[2] in",
    ...verbs
      .filter((verb) => !verb.passThrough)
      .map((verb) => `      ${verb.name}) compadd -- ${wordsOf(verb).join(" ")} ;;`),
    "      run) shift 2 words; (( CURRENT -= 2 )); _normal ;;",
    "    esac",
    "  fi",
    "}",
    "compdef _portreservectl portreservectl",
  ];
}

function fish(verbs: readonly Verb[]): string[] {
  const lines = ["complete -c portreservectl -f"];
  for (const verb of verbs) {
    lines.push(`complete -c portreservectl -n __fish_use_subcommand -a ${verb.name} -d '${verb.summary}'`);
    for (const word of verb.words ?? []) {
      lines.push(`complete -c portreservectl -n '__fish_seen_subcommand_from ${verb.name}' -a ${word}`);
    }
    for (const name of verb.options) {
      const long = OPTION_TEXTS[name].flag.split(" ")[0]?.slice(2);
      const value = name === "root" ? " -r -a '(__fish_complete_directories)'" : name === "output" ? " -r -F" : "";
      lines.push(
        `complete -c portreservectl -n '__fish_seen_subcommand_from ${verb.name}' -l ${long}${value} -d '${OPTION_TEXTS[name].help}'`,
      );
    }
  }
  return lines;
}
