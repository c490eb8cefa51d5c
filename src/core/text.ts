// Words, lists and names as every message writes them, and the order in which texts are sorted.

const QUOTED_LIMIT = 60;

/** User text in single quotes for a message; what is longer than 60 characters is cut and ends in '…'. */
export function quote(text: string): string {
  const head = text.slice(0, 2 * QUOTED_LIMIT);
  const characters = [...head];
  if (characters.length <= QUOTED_LIMIT && head.length === text.length) return `'${text}'`;
  return `'${characters.slice(0, QUOTED_LIMIT - 1).join("")}…'`;
}

/** "1 error", "2 errors". */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** "a", "a and b", "a, b and c". */
export function enumerate(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}

/** The permission bits of a file, as chmod takes them: "0644". */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/** The last part of a path. */
export function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Those with the same key together, in the order of the first of each. */
export function groupsOf<T>(values: readonly T[], keyOf: (value: T) => string): readonly (readonly [T, ...T[]])[] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group === undefined) groups.set(keyOf(value), [value]);
    else group.push(value);
  }
  return [...groups.values()];
}

export function unique<T>(values: Iterable<T>): T[] {
  return [...new Set(values)];
}

/** For sorting: the same on every host, whatever its language. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
