// The files that a process runs code from, and the table if it has one mapped: one pass over /proc/PID/maps.

import type { Seen, Unseen } from "../../core/seen.ts";
import { fileName } from "../../core/text.ts";
import { TABLE_FILE } from "../../system/paths.ts";
import { ENDED, isRefused, type Refused, readCodeLines, readLines } from "../../system/proc/process-files.ts";
import {
  eachCode,
  lineAround,
  type Mapping,
  parseMappedFile,
  parseMapping,
  pathsMeant,
  withoutDeletedMark,
} from "./maps.ts";
import { whySilent } from "./read-answering.ts";
import { keyOfMapped, type MappedBy, type Objects } from "./read-mapped-objects.ts";

export interface ProcessCode {
  /** Keys, each once, in the order of addresses. */
  readonly keys: Seen<readonly string[]>;
  /** What looks like a mapping of the table. */
  readonly table: Mapping | undefined;
}

/** Real processes have up to some hundred. */
const MOST_FILES = 20_000;

/** On x86-64 the kernel's own page comes last, above all addresses of programs. */
const LAST_LINE = Buffer.from("ffffffffff600000-");

/** Refused: it has ended, or may not be looked into. */
export function codeOf(objects: Objects, by: MappedBy): ProcessCode | Refused {
  const keys = new Set<string>();
  let table: Mapping | undefined;
  let fault: Refused | undefined;
  let isEmpty = true;
  const visit = (lines: Buffer): "stop" | undefined => {
    isEmpty = false;
    table ??= tableAmong(lines);
    eachCode(lines, ({ start, rangeEnd, file, end }) => {
      if (fault !== undefined || keys.size > MOST_FILES) return;
      const key = keyOfMapped(objects, by, lines.toString("latin1", file, end), () =>
        lines.toString("latin1", start, rangeEnd),
      );
      if (isRefused(key)) fault = key;
      else keys.add(key);
    });
    return fault !== undefined || keys.size > MOST_FILES ? "stop" : undefined;
  };
  const refused = visitCode(`${by.folder}/maps`, visit);
  // A process that is ending has no memory any more.
  const ended = refused ?? fault ?? (isEmpty ? ENDED : undefined);
  if (ended !== undefined) return ended;
  if (keys.size > MOST_FILES)
    return { keys: { unseen: `it has more than ${MOST_FILES} files mapped`, rootWould: false }, table };
  return { keys: [...keys], table };
}

/** All lines that can matter, in one piece where they fit into one. */
function visitCode(file: string, visit: (lines: Buffer) => "stop" | undefined): Refused | undefined {
  const lines = readCodeLines(file, TABLE_NAME);
  if (isRefused(lines)) return lines.errno === "EFBIG" ? readLines(file, visit, LAST_LINE) : lines;
  if (lines.length > 0) visit(Buffer.from(lines));
  return undefined;
}

/**
 * Why the program of a process must not be looked at, undefined where it may: by the device of the mapping that has the
 * path of /proc/PID/exe, since a look at that link asks its file system. "again": a user's process has no such mapping, as
 * each has for a moment that is being started; `isLast` settles for what stands behind the link.
 */
export function whyProgramSilent(
  { answering }: Objects,
  folder: string,
  executablePath: string,
  { mayHarm, isLast }: { readonly mayHarm: () => boolean; readonly isLast: boolean },
): Unseen | "again" | undefined {
  let device: string | undefined;
  readLines(`${folder}/maps`, (lines) => {
    eachCode(lines, ({ file, end }) => {
      const mapped = device === undefined ? parseMappedFile(lines.toString("latin1", file, end)) : undefined;
      if (mapped !== undefined && pathsMeant(mapped.path).includes(executablePath)) device = mapped.device;
    });
    return device === undefined ? undefined : "stop";
  });
  if (device === undefined && !isLast && mayHarm()) return "again";
  return whySilent(answering, device, folder, `${folder}/exe`, mayHarm);
}

/** Below another root, and in the layer of an overlay over its folder, its path is another one. */
export const TABLE_NAME = `/${fileName(TABLE_FILE)}`;

/** That it is the table is still to be proven. */
function tableAmong(lines: Buffer): Mapping | undefined {
  for (let at = lines.indexOf(TABLE_NAME); at >= 0; at = lines.indexOf(TABLE_NAME, at + 1)) {
    const mapping = parseMapping(lineAround(lines, at));
    if (mapping?.file !== undefined && withoutDeletedMark(mapping.file.path).endsWith(TABLE_NAME)) return mapping;
  }
  return undefined;
}
