// What the files a table is compiled from look like from outside, so that a change can be noticed without reading them.
import { lstatSync, readdirSync } from "node:fs";
import { errnoOf } from "../app-error.ts";
import { BLACKLIST_FILE, OWNERS_FOLDER, SERVICES_FILE, VENDOR_SERVICES_FILE } from "../paths.ts";
import { resolveUnder } from "./rooted.ts";

/** Two stamps differ when a file came, went, was replaced or written in between; links count as their targets. */
export function inputStamp(root: string): string {
  const files = [SERVICES_FILE, VENDOR_SERVICES_FILE, BLACKLIST_FILE, OWNERS_FOLDER, ...entries(root)];
  return files.map((file) => stampOf(root, file)).join("\n");
}

function entries(root: string): string[] {
  return orNothing(() => readdirSync(resolveUnder(root, OWNERS_FOLDER), "latin1"), [])
    .sort()
    .map((name) => `${OWNERS_FOLDER}/${name}`);
}

function stampOf(root: string, file: string): string {
  return orNothing(() => {
    const stats = lstatSync(resolveUnder(root, Buffer.from(file, "latin1")), { bigint: true });
    return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(" ");
  }, "missing");
}

/** What cannot be looked at now looks the same until it can. */
function orNothing<T>(look: () => T, nothing: T): T {
  try {
    return look();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return nothing;
  }
}
