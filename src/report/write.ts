// Writes text to a standard stream, synchronously and completely, without Node's stream objects (which would change the descriptor's mode).
import { writeSync } from "node:fs";
import { native } from "../core/native.ts";

/** Milliseconds between two tries on a full pipe that somebody made non-blocking. */
const RETRY_AFTER = 2;

/** False if the reader went away, which is no error (`… | head`). Throws the system error for anything else, such as a full disk. */
export function writeStream(descriptor: 1 | 2, text: string): boolean {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EPIPE") return false;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_AFTER);
    }
  }
  return true;
}

/** Whether somebody can still read what would be written; always true of files. Throws the system error. */
export function isRead(descriptor: 1 | 2): boolean {
  return native().hasReader(descriptor);
}
