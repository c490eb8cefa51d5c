// File names are bytes: this gives them as text without loss and without two names looking the same.
import { isUtf8 } from "node:buffer";

/** Text of a UTF-8 name as it is; each other byte becomes the lone surrogate U+DC00 + byte, which reports show as \xNN. */
export function nameToText(name: Buffer): string {
  if (isUtf8(name)) return name.toString("utf8");
  let text = "";
  for (let at = 0; at < name.length; ) {
    const length = [1, 2, 3, 4].find((size) => at + size <= name.length && isUtf8(name.subarray(at, at + size)));
    if (length === undefined) text += String.fromCharCode(0xdc00 + (name[at] as number));
    else text += name.toString("utf8", at, at + length);
    at += length ?? 1;
  }
  return text;
}
