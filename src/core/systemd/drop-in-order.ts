// Which drop-ins a service or a socket has, and in which order systemd reads them.

/**
 * The names of the folders that may hold drop-ins of a unit, in any folder of units; what comes first wins over a
 * file of the same name in a later one. Each '-' in the name opens a folder for all units that begin like this.
 */
export function dropInFolders(unit: string): string[] {
  const dot = unit.lastIndexOf(".");
  const type = unit.slice(dot + 1);
  const name = unit.slice(0, dot);
  const at = name.indexOf("@");
  const instance = at === -1 ? "" : name.slice(at);
  let prefix = at === -1 ? name : name.slice(0, at);
  const folders: string[] = [];
  while (prefix !== "") {
    folders.push(`${prefix}${instance}.${type}.d`);
    if (instance.length > 1) folders.push(`${prefix}@.${type}.d`);
    const dash = prefix.lastIndexOf("-", prefix.length - 2);
    prefix = dash < 1 ? "" : prefix.slice(0, dash + 1);
  }
  return [...folders, `${type}.d`];
}

/** `paths` of drop-ins, what wins first: one for each file name, in the order of the names. Others than '*.conf' go. */
export function inReadingOrder(paths: readonly string[]): string[] {
  const byName = new Map<string, string>();
  for (const path of paths) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (name.endsWith(".conf") && !name.startsWith(".") && !byName.has(name)) byName.set(name, path);
  }
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
}
