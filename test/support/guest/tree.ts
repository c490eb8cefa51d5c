// What is on a host, a line for each file, so that nothing can be left there unseen.

/**
 * For sh(1): find(1) with a line for each folder and file of the root's own file system: kind, mode and owner, of files size
 * and target too. `places`: patterns of paths, with all that is below them, that others write by themselves.
 */
export function listingBut(places: readonly string[]): string {
  return `find / -xdev ${pruned(places)} -o -type d -printf '%p %y %m %U:%G\\n' -o -printf '%p %y %m %U:%G %s %l\\n'`;
}

/** The part of find(1) that leaves these places out. */
export function pruned(places: readonly string[]): string {
  return `\\( ${places.map((place) => `-path '${place}'`).join(" -o ")} \\) -prune`;
}

/** The lines that went ("- ") and came ("+ "). */
export function lineDifferences(before: Iterable<string>, after: Iterable<string>): readonly string[] {
  const [old, now] = [new Set(before), new Set(after)];
  return [
    ...[...old].filter((line) => !now.has(line)).map((line) => `- ${line}`),
    ...[...now].filter((line) => !old.has(line)).map((line) => `+ ${line}`),
  ];
}
