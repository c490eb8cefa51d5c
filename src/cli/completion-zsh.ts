// The completion script for zsh: as a file of $fpath, or to be sourced.
import { FIRST_WORDS, HOST_WORDS, optionsOf, valueCases, withShells, wordsOf } from "./completion-words.ts";
import type { Verb } from "./verb.ts";

export function zshScript(all: readonly Verb[]): string[] {
  const verbs = withShells(all);
  return [
    "#compdef portreservectl",
    ...Object.entries(HOST_WORDS).map(([name, command]) => `_portreservectl_${name}() { ${command} }`),
    "_portreservectl() {",
    "  local verb= at=2",
    "  # The verb stands behind the options for all verbs.",
    "  while (( at < CURRENT )); do",
    "    case $words[at] in",
    "      --root|--color) (( at += 2 )) ;;",
    "      -*) (( at += 1 )) ;;",
    "      *) verb=$words[at]; break ;;",
    "    esac",
    "  done",
    "  if [[ $verb != run ]]; then",
    "    case $words[CURRENT-1] in",
    ...valueCases(
      { folders: "_files -/", files: "_files", words: (all) => `compadd -- ${linesOf(all)}` },
      (words) => `${words}; return`,
    ),
    "    esac",
    "  fi",
    "  case $verb in",
    "    '')",
    "      local -a verbs=(",
    ...verbs.map(({ name, summary }) => `        ${quoted(`${name}:${summary}`)}`),
    "      )",
    "      _describe verb verbs",
    `      compadd -- ${FIRST_WORDS.join(" ")} ;;`,
    `    help) compadd -- ${verbs.map(({ name }) => name).join(" ")} ;;`,
    ...verbs.filter((verb) => !verb.passThrough).map(verbCase),
    "    run) shift $(( at )) words; (( CURRENT -= at )); _normal ;;",
    "  esac",
    "}",
    "# As a file of $fpath this is the function's body at the first TAB: then it has to complete too.",
    'if [[ "$funcstack[1]" = _portreservectl ]]; then _portreservectl "$@"; else compdef _portreservectl portreservectl; fi',
  ];
}

/** What a command prints is a word a line. */
function linesOf(all: string): string {
  return all.startsWith("$(") ? `\${(f)"${all}"}` : all;
}

function verbCase(verb: Verb): string {
  const host = (verb.completes ?? []).map((one) => `compadd -- $\{(f)"$(_portreservectl_${one})"}; `).join("");
  const look = host === "" ? "" : `[[ $PREFIX = -* ]] || { ${host}}; `;
  const units = optionsOf(verb).includes("unit")
    ? `if [[ $words[(I)--unit] -gt 0 && $PREFIX != -* ]]; then compadd -- $\{(f)"$(_portreservectl_units)"}; return; fi; `
    : "";
  return `    ${verb.name}) ${units}${look}compadd -- ${wordsOf(verb).join(" ")} ;;`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
