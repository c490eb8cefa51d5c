// How Node runs a program that looks once and ends: with its quickest compiler for everything.
import { native } from "../core/native.ts";

/**
 * V8 optimizes what runs often for what is still to come, and forgets what has not run for a while. In a program that ends
 * after some tenths of a second, the first takes a quarter of all its processor time and gives nothing back, and the
 * second is kept for the next start (code/keep-code.ts). What its simplest compiler makes at once of each function saves a
 * tenth. Not for a verb that goes on.
 */
export function expectOneLook(): void {
  // Not --no-opt: after that, V8 12.4 never again takes what it kept itself.
  setFlag("--max-optimized-bytecode-size=0");
  setFlag("--always-sparkplug");
  setFlag("--no-flush-bytecode");
}

/** As Node starts. */
export function expectMore(): void {
  setFlag("--max-optimized-bytecode-size=61440");
  setFlag("--no-always-sparkplug");
  setFlag("--flush-bytecode");
}

/** Without the addon nothing can be looked at, and its absence is told where it is needed. */
function setFlag(flag: string): void {
  try {
    native().setEngineFlags(flag);
  } catch {}
}
