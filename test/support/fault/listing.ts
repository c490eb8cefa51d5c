// What a run left in its layers, as differences from the host: a file, folder or link is listed only if the host's is not the same.
import { createHash } from "node:crypto";
import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import { LAYERED } from "./scene.ts";

/** By absolute path, what is there: kind, mode, owner, and the content's hash or the link's target; or "removed". */
export type Listing = ReadonlyMap<string, string>;

/** Of the text that the scene writes. */
export function listingOf(text: string): Listing {
  const lines = text.split("\n");
  const hashes = new Map(
    lines.flatMap((line) => {
      const [, hash = "", name = ""] = /^hash\t(\w+) [ *]\.(.*)$/.exec(line) ?? [];
      return name === "" ? [] : [[name, hash] as const];
    }),
  );
  const entries = lines.flatMap((line) => {
    const [tag, name = "", kind = "", mode = "", owner = "", target = ""] = line.split("\t");
    if (tag !== "entry") return [];
    const path = `/${name}`;
    // An overlay file system notes a removal as a character device.
    if (kind === "c") return [[path, "removed"] as const];
    const found = described(kind, mode, owner, hashes.get(path) ?? target);
    return found === onHost(path) ? [] : [[path, found] as const];
  });
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function described(kind: string, mode: string, owner: string, content: string): string {
  return `${kind} ${mode} ${owner} ${content}`.trim();
}

function onHost(path: string): string | undefined {
  if (!LAYERED.some((folder) => path.startsWith(`/${folder}/`))) return undefined;
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  const kind = stats.isDirectory() ? "d" : stats.isSymbolicLink() ? "l" : "f";
  const content = { d: () => "", l: () => readlinkSync(path), f: () => hashOf(readFileSync(path)) }[kind]();
  const mode = kind === "l" ? "777" : (stats.mode & 0o7777).toString(8);
  return described(kind, mode, `${stats.uid}:${stats.gid}`, content);
}

export function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The paths at which two listings are not the same. */
export function differences(a: Listing, b: Listing): readonly string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name)).sort();
}
