// What is wrong with a part of a line, as the readers of its parts hand it on.
import type { TextRange } from "./lines.ts";

/** What is wrong with a part of a line, and what to write instead. Offsets count within the text that was given. */
export interface Fault extends TextRange {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}
