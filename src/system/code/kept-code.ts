// What V8 had made of the program's text in an earlier run of root's: of which text and by which Node, and who may have kept it.
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  type Stats,
  statSync,
} from "node:fs";
import path from "node:path";
import { CODE_FILE } from "../paths.ts";

/** What the bundle's first part hands on to the program. */
export interface CompiledCode {
  /** Which text and which Node; undefined where nothing may be kept. */
  readonly stamp: string | undefined;
  /** Whether V8 took what was kept. */
  readonly isKept: boolean;
  /** All that V8 has compiled until now, for `vm.Script`. */
  readonly make: () => Buffer;
}

/** In milliseconds. A change within one tick of the kernel's clock after the last one would not show. */
const SETTLED = 2000;
/** In bytes: ten times what there is. */
const LIMIT = 8n * 1024n * 1024n;
const WRITABLE_BY_OTHERS = constants.S_IWGRP | constants.S_IWOTH;
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * V8 itself looks at no more than its version, its flags and the length of the text. `own`: the file that the text is from,
 * which may be another one by now: `digest`, which that text has with it, is of the text itself. Undefined for other users
 * than root, and while the file could still change without a trace.
 */
export function codeStamp(own: string, digest: string): string | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  const files = [own, process.execPath].map((file) => statSync(file, { bigint: true, throwIfNoEntry: false }));
  const stamps = files.flatMap((stats) =>
    stats === undefined || Number(stats.ctimeMs) > Date.now() - SETTLED ? [] : [stampOf(stats)],
  );
  if (stamps.length < files.length) return undefined;
  return [process.version, process.versions.v8, process.arch, digest, ...stamps].join(" ");
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(":");
}

/** Undefined where there is none with this stamp, and where another than root could have written it: V8 believes it. */
export function keptCode(stamp: string): Buffer | undefined {
  let descriptor: number | undefined;
  try {
    if (!isRootsAlone(statSync(path.dirname(CODE_FILE)))) return undefined;
    descriptor = openSync(CODE_FILE, OPEN_FLAGS);
    const stats = fstatSync(descriptor);
    if (!stats.isFile() || !isRootsAlone(stats) || stats.size > LIMIT) return undefined;
    const bytes = readFileSync(descriptor);
    const head = headOf(stamp);
    return bytes.subarray(0, head.length).equals(head) ? bytes.subarray(head.length) : undefined;
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** The file begins with it. V8 wants what follows at a multiple of eight, or it copies all of it. */
export function headOf(stamp: string): Buffer {
  return Buffer.from(`${stamp.padEnd(8 * Math.ceil((stamp.length + 1) / 8) - 1)}\n`);
}

function isRootsAlone({ uid, mode }: Stats): boolean {
  return uid === 0 && (mode & WRITABLE_BY_OTHERS) === 0;
}
