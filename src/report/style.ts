// Colour: names of tones to terminal codes, and when to use any.
import { isatty } from "node:tty";
import { inspect } from "node:util";
import type { Tone } from "./types.ts";

export type Paint = (text: string, tone: Tone) => string;

const FORMATS = { good: "green", bad: "red", warn: "yellow", strong: "bold", dim: "dim" } as const;

/** Only on a terminal that can, and never against --no-color or NO_COLOR (any value but the empty one). */
export function wantsColor(
  descriptor: 1 | 2,
  environment: Readonly<Record<string, string | undefined>>,
  allowed: boolean,
): boolean {
  if (!allowed || (environment.NO_COLOR ?? "") !== "" || environment.TERM === "dumb") return false;
  return isatty(descriptor);
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
