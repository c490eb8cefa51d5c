// Colour: names of tones to terminal codes, and when to use any.
import { isatty } from "node:tty";
import { inspect } from "node:util";
import type { Tone } from "./types.ts";

export type Paint = (text: string, tone: Tone) => string;

const FORMATS = { good: "green", bad: "red", warn: "yellow", strong: "bold", dim: "dim" } as const;

export type ColorChoice = "auto" | "always" | "never";

/**
 * What was chosen; else not against NO_COLOR (any value but the empty one), always with FORCE_COLOR (any but that and
 * "0"), and on a terminal that can.
 */
export function wantsColor(
  descriptor: 1 | 2,
  environment: Readonly<Record<string, string | undefined>>,
  choice: ColorChoice,
): boolean {
  if (choice !== "auto") return choice === "always";
  if ((environment.NO_COLOR ?? "") !== "") return false;
  if (!["", "0"].includes(environment.FORCE_COLOR ?? "")) return true;
  return environment.TERM !== "dumb" && isatty(descriptor);
}

/** A terminal on which the cursor can move. */
export function isScreen(descriptor: 1 | 2, environment: Readonly<Record<string, string | undefined>>): boolean {
  return environment.TERM !== "dumb" && isatty(descriptor);
}

export function painter(color: boolean): Paint {
  if (!color) return (text) => text;
  return (text, tone) => {
    const [on, off] = inspect.colors[FORMATS[tone]] ?? [0, 0];
    return `\x1b[${on}m${text}\x1b[${off}m`;
  };
}
