// The holder's limits: it needs no other file to run, its pages are either written or executed, and nothing in it has a place
// that is known before it starts.
import { statSync } from "node:fs";
import { readelf } from "./readelf.mjs";

export const isHolder = (name) => name === "portreserve-hold";

/** Most of it is glibc's own start, 0.7 MiB on Debian 12. Whatever takes more than 1 MiB has brought something along. */
const LARGEST = 1024 * 1024;

/** Rows of what, found, limit, and whether it holds. */
export function holderRows(file) {
  const segments = readelf(file, "-l").flatMap((line) => {
    const [, type, flags] = line.match(/^\s+([A-Z_]+)(?:\s+0x[0-9a-f]+){5}\s+([RWE ]{3})\s/) ?? [];
    return type === undefined ? [] : [{ type, flags }];
  });
  const dynamic = readelf(file, "-d");
  const kind =
    readelf(file, "-h")
      .join("\n")
      .match(/Type:\s+(\w+)/)?.[1] ?? "none";
  const has = (type) => segments.filter((segment) => segment.type === type);
  const needed = dynamic.filter((line) => /\((NEEDED|RPATH|RUNPATH|TEXTREL)\)/.test(line)).length;
  const both = segments.filter(({ flags }) => flags.includes("W") && flags.includes("E")).length;
  const size = statSync(file).size;
  const now = dynamic.some((line) => /\((FLAGS_1|FLAGS|BIND_NOW)\).*\b(NOW|BIND_NOW)\b/.test(line));
  return [
    ["size, bytes", size, `<= ${LARGEST}`, size <= LARGEST],
    ["kind", kind, "DYN, any address", kind === "DYN"],
    ["interpreter", has("INTERP").length, 0, has("INTERP").length === 0],
    ["libraries, paths", needed, 0, needed === 0],
    ["written and run", both, 0, both === 0],
    ["stack", has("GNU_STACK")[0]?.flags.trim() ?? "none", "RW", has("GNU_STACK")[0]?.flags.trim() === "RW"],
    ["relro", has("GNU_RELRO").length, 1, has("GNU_RELRO").length === 1],
    ["bound at start", now, true, now],
  ];
}
