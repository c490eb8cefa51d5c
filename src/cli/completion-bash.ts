// The completion script for bash.
import { FIRST_WORDS, HOST_WORDS, valueCases, withShells, wordsOf } from "./completion-words.ts";
import type { Verb } from "./verb.ts";

export function bashScript(all: readonly Verb[]): string[] {
  const verbs = withShells(all);
  const names = verbs.map(({ name }) => name).join(" ");
  return [
    ...Object.entries(HOST_WORDS).map(([name, command]) => `_portreservectl_${name}() { ${command} }`),
    "_portreservectl() {",
    `  local current="$2" previous="\${COMP_WORDS[COMP_CWORD - 1]}" verb="" at=1 word host=""`,
    "  # The verb stands behind the options for all verbs; bash takes --root=X for three words.",
    "  while ((at < COMP_CWORD)); do",
    `    word="\${COMP_WORDS[at]}"`,
    '    case "$word" in',
    `      --root | --color) if [ "\${COMP_WORDS[at + 1]}" = "=" ]; then ((at += 3)); else ((at += 2)); fi ;;`,
    "      -*) ((at += 1)) ;;",
    '      *) verb="$word"; break ;;',
    "    esac",
    "  done",
    `  if [ "$current" = "=" ]; then current=""; elif [ "$previous" = "=" ]; then previous="\${COMP_WORDS[COMP_CWORD - 2]}"; fi`,
    '  if [ "$verb" != run ]; then',
    '    case "$previous" in',
    ...valueCases(
      { folders: "compgen -d", files: "compgen -f", words: (all) => `compgen -W "${all}"` },
      (words) => `COMPREPLY=($(${words} -- "$current")); return`,
    ),
    "    esac",
    "  fi",
    "  # --unit takes several.",
    `  if [[ "$verb" = *install && "\${COMP_WORDS[*]}" = *--unit* && "$current" != -* ]]; then`,
    '    COMPREPLY=($(compgen -W "$(_portreservectl_units)" -- "$current")); return',
    "  fi",
    '  case "$verb" in',
    `    "") COMPREPLY=($(compgen -W "${names} ${FIRST_WORDS.join(" ")}" -- "$current")) ;;`,
    `    help) COMPREPLY=($(compgen -W "${names}" -- "$current")) ;;`,
    ...verbs.filter((verb) => !verb.passThrough).map(verbCase),
    '    run) COMPREPLY=($(compgen -c -- "$current")) ;;',
    "  esac",
    "}",
    "complete -o default -F _portreservectl portreservectl",
  ];
}

/** The host is asked only where no option is being written. */
function verbCase(verb: Verb): string {
  const host = (verb.completes ?? []).map((one) => `_portreservectl_${one}`).join("; ");
  const look = host === "" ? "" : `[[ "$current" = -* ]] || host=$(${host}); `;
  return `    ${verb.name}) ${look}COMPREPLY=($(compgen -W "${wordsOf(verb).join(" ")}${host === "" ? "" : " $host"}" -- "$current")) ;;`;
}
