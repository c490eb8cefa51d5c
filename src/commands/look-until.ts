// Waiting for what others do: what is seen of it, looked at again and again.
import { setTimeout as delay } from "node:timers/promises";

/** Milliseconds. */
const BETWEEN = 50;

/** Until what is seen is as it should be, or this time is over. Gives what was seen last; `look` is called at least once. */
export async function lookUntil<T>(milliseconds: number, look: () => T, isGood: (seen: T) => boolean): Promise<T> {
  const end = Date.now() + milliseconds;
  for (;;) {
    const seen = look();
    if (isGood(seen) || Date.now() >= end) return seen;
    await delay(BETWEEN);
  }
}
