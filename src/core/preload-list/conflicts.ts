// Names in the preload list that mean our library without being our entry: another installation, or a line by hand.
import { fileName } from "../text.ts";
import { listText, readList } from "./loaded.ts";

export interface ListConflict {
  /** Latin-1: one character a byte. */
  readonly name: string;
  /** Both count from 1; the column in bytes. */
  readonly line: number;
  readonly column: number;
}

/** The names that ld.so would load, differ from the entry, and end in the same file name. */
export function conflictsNamed(bytes: Uint8Array, entry: string): readonly ListConflict[] {
  const list = listText(bytes);
  const file = fileName(entry);
  return readList(list)
    .names.filter(({ name }) => name !== entry && fileName(name) === file)
    .map(({ name, at }) => {
      const before = list.slice(0, at);
      return { name, line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
    });
}
