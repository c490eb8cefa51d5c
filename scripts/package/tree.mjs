// A package's files as data, in the order of their names, and how they are written: with fixed modes and one time.
import { chmodSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Writes entries of `{ path, bytes, mode }` or `{ path, target }` below a new folder. `time`: in seconds. */
export function writeTree(folder, entries, time) {
  const folders = new Set([folder]);
  for (const { path: name, bytes, mode = 0o644, target } of entries) {
    const file = path.join(folder, name);
    for (let parent = path.dirname(file); parent.startsWith(folder); parent = path.dirname(parent)) folders.add(parent);
    mkdirSync(path.dirname(file), { recursive: true });
    if (target === undefined) {
      writeFileSync(file, bytes);
      chmodSync(file, mode);
    } else symlinkSync(target, file);
    lutimesSync(file, time, time);
  }
  for (const name of [...folders].sort().reverse()) {
    chmodSync(name, 0o755);
    lutimesSync(name, time, time);
  }
}

/** In KiB, as dpkg-gencontrol counts: each file in whole ones, and one for everything else. */
export function sizeOf(entries) {
  return entries.reduce((sum, { bytes }) => sum + (bytes === undefined ? 1 : Math.ceil(bytes.length / 1024)), 0);
}
