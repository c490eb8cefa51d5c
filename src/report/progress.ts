// What only a terminal gets: the line that says how far a scan is, and a screen that is drawn again.
import { shownText } from "./symbols.ts";

/** Milliseconds that a scan may take in silence. */
const PATIENCE = 500;
/** Milliseconds between two changes of the line. */
const PACE = 100;

const ERASE_LINE = "\r\u001b[K";

/** Clears the screen and starts at its top; what has scrolled off it stays. */
export const CLEAR_SCREEN = "\u001b[H\u001b[2J";

/** "looking at processes: 812 of 2000" */
export function progressText({ what, done, total }: { what: string; done: number; total: number }): string {
  return `looking at ${what}: ${done} of ${total}`;
}

/**
 * Shows each text in the place of the one before, once the first is half a second old, and takes the line away when it
 * is given none. `now` in milliseconds.
 */
export function progressLine(write: (text: string) => void, now: () => number): (text: string | undefined) => void {
  let since: number | undefined;
  let last: number | undefined;
  return (text) => {
    if (text === undefined) {
      if (last !== undefined) write(ERASE_LINE);
      since = undefined;
      last = undefined;
      return;
    }
    const time = now();
    since ??= time;
    if (time - since < PATIENCE || (last !== undefined && time - last < PACE)) return;
    last = time;
    write(`${ERASE_LINE}${shownText(text)}`);
  };
}
