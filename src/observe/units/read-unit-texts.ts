// What decides whether a variable reaches a service: its unit files, its environment files, and the programs it runs.
import { statSync } from "node:fs";
import nodePath from "node:path";
import { capabilitiesOf } from "../../system/files/attributes.ts";
import { statEntry } from "../../system/files/entry.ts";
import { isFault, readUnder } from "../../system/files/read-file.ts";
import { resolveUnder } from "../../system/files/rooted.ts";
import { UNIT_FOLDERS } from "../../system/paths.ts";
import { whyPathSilent } from "../programs/read-path-answers.ts";
import { readUnitText, type UnitText } from "./read-unit-files.ts";

/** The texts of these files, in order; one that is not there is left out. */
export function readUnitTexts(root: string, paths: readonly string[]): readonly UnitText[] {
  return paths.flatMap((path) => readUnitText(root, path));
}

/** For an image, where no systemd can be asked: the first file called `name`, as a list of none or one. */
export function unitFileCalled(root: string, name: string): readonly UnitText[] {
  return readUnitTexts(
    root,
    UNIT_FOLDERS.map((folder) => `${folder}/${name}`),
  ).slice(0, 1);
}

export interface EnvironmentText {
  readonly path: string;
  readonly text: string | undefined;
}

const ENVIRONMENT_LIMIT = 1024 * 1024;

/** `text` is undefined for one that cannot be read, and for patterns and specifiers, which only systemd expands; missing ones are left out. */
export function environmentFileTexts(root: string, paths: readonly string[]): readonly EnvironmentText[] {
  return paths.flatMap((path): readonly EnvironmentText[] => {
    if (/[*?[]|^%/.test(path) || isSilent(root, path)) return [{ path, text: undefined }];
    const read = readUnder(root, path, ENVIRONMENT_LIMIT);
    if (!isFault(read)) return [{ path, text: read.bytes.toString("utf8") }];
    return read.kind === "missing" ? [] : [{ path, text: undefined }];
  });
}

export interface ProgramFile {
  readonly path: string;
  readonly setuid: boolean;
  readonly capabilities: boolean;
  readonly bytes: Uint8Array;
}

function isSilent(root: string, path: string): boolean {
  return whyPathSilent(nodePath.join(root, path)) !== undefined;
}

/** Undefined where there is no such file or it cannot be read. */
export function programFile(root: string, path: string): ProgramFile | undefined {
  if (isSilent(root, path)) return undefined;
  const found = statEntry(root, path);
  if (found.kind !== "file") return undefined;
  const real = resolveUnder(root, path);
  return {
    path,
    setuid: (statSync(real).mode & 0o6000) !== 0,
    capabilities: capabilitiesOf(String(real)) !== undefined,
    bytes: found.bytes,
  };
}

const MAPS_LIMIT = 64 * 1024 * 1024;

/** Milliseconds in which a new process of a service has become its program, also on a busy host. */
const START_LIMIT = 3000;
const PAUSE = 20;

/**
 * Whether a process has a file of this name mapped, or will in a moment: systemd calls a service started before its
 * process has become the program.
 */
export function soonHasMapped(pid: number, file: string): boolean | undefined {
  for (let waited = 0; waited < START_LIMIT; waited += PAUSE) {
    const mapped = hasMapped(pid, file);
    if (mapped !== false) return mapped;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
  }
  return false;
}

/** Whether a running process has a file of this name mapped; undefined where that cannot be seen. */
export function hasMapped(pid: number, file: string): boolean | undefined {
  const read = readUnder("/", `/proc/${pid}/maps`, MAPS_LIMIT);
  if (isFault(read)) return undefined;
  return read.bytes.includes(Buffer.from(`/${file}\n`));
}
