// How many cells a line of the terminal has.
import { isatty } from "node:tty";

/** Of a terminal that does not know. */
const USUAL_WIDTH = 80;
/** Below this nothing is folded any more: the words alone are longer. */
const LEAST_WIDTH = 40;

/** Of standard output, as $COLUMNS or the terminal says; undefined where it is no terminal. */
export function screenWidth(environment: Readonly<Record<string, string | undefined>>): number | undefined {
  if (!isatty(1)) return undefined;
  const asked = /^[1-9]\d{0,3}$/.test(environment.COLUMNS ?? "") ? Number(environment.COLUMNS) : 0;
  return Math.max(LEAST_WIDTH, asked || process.stdout.columns || USUAL_WIDTH);
}
