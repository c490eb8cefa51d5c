// Completion scripts for three shells, made from the registry.
import type { Command } from "../commands/types.ts";
import { AppError } from "../system/app-error.ts";
import { bashScript } from "./completion-bash.ts";
import { fishScript } from "./completion-fish.ts";
import { zshScript } from "./completion-zsh.ts";
import type { Verb } from "./verb.ts";

const SHELLS: Readonly<Record<string, (verbs: readonly Verb[]) => string[]>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** The verb of these verbs. It throws AppError `usage` for any other shell. */
export function completionOf(verbs: readonly Verb[]): Command {
  return ({ args: [shell = ""] }) => {
    const script = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
    if (script === undefined) throw new AppError("usage", `no completion for '${shell}'`, "write bash, zsh or fish");
    return {
      command: "completion",
      outcome: "done",
      diagnostics: [],
      body: [],
      // Raw: every character of a script is its own.
      text: script(verbs)
        .map((line) => `${line}\n`)
        .join(""),
      data: {},
    };
  };
}
