// What a file carries beside its bytes and mode: access control lists, labels and other extended attributes.
import { closeSync, constants, openSync } from "node:fs";
import { type AheadGroup, type Attribute, type MarkedFile, native } from "../../core/native.ts";
import { errnoOf, orUndefined } from "../app-error.ts";

/** The label of SELinux. */
const LABEL = "security.selinux";
const CAPABILITIES = "security.capability";
/** Of the bytes or of the layer a file is in: wrong on any other file. */
const OF_THE_FILE_ITSELF = /^(security\.(ima|evm|capability)$|trusted\.overlay\.)/;

const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** What a new file in this one's place should carry too; nothing where the file is missing or may not be read. */
export function attributesOf(file: Buffer): readonly Attribute[] {
  return read(file).filter(({ name }) => !OF_THE_FILE_ITSELF.test(name));
}

/** The SELinux label alone, for a new file that should be to other programs what `file` is; nothing where there is none. */
export function labelOf(file: Buffer): readonly Attribute[] {
  return read(file).filter(({ name }) => name === LABEL);
}

/**
 * What a policy decides by in the SELinux label of `file`, its type and range: "ld_so_cache_t:s0". The user and the role are
 * those of the user who wrote it. Undefined where there is no label.
 */
export function labelTypeOf(file: Buffer): string | undefined {
  const label = labelOf(file)[0];
  // USER:ROLE:TYPE:RANGE, ended by a NUL.
  return label && Buffer.from(label.value).toString("latin1").replace(/\0.*$/s, "").split(":").slice(2).join(":");
}

/** What gives capabilities to the programs that are run from this file, as the kernel keeps it; undefined where nothing does, or it cannot be seen. */
export function capabilitiesOf(file: string): Uint8Array | undefined {
  return orUndefined(() => native().attribute(file, CAPABILITIES));
}

/** False also where it cannot be seen. */
export function hasNoCapabilities(file: string): boolean {
  return orUndefined(() => native().attribute(file, CAPABILITIES) === undefined) === true;
}

/** The regular files of a folder, links left out, that have one of the mode bits or capabilities, which are their `value`. */
export function filesWithCapabilitiesOr(bits: number, folder: string): readonly MarkedFile[] {
  return native().filesMarked(folder, bits, CAPABILITIES);
}

/** What `filesWithCapabilitiesOr` will ask of these folders, for `askAhead`. */
export function capabilitiesQuestions(bits: number, folders: readonly string[]): AheadGroup {
  return [folders, [["filesMarked", "", CAPABILITIES, bits]]];
}

function read(file: Buffer): readonly Attribute[] {
  let descriptor: number;
  try {
    descriptor = openSync(file, OPEN_FLAGS);
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES", "EPERM"].includes(errnoOf(error) ?? "")) return [];
    throw error;
  }
  try {
    return native().attributes(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Gives an open file these attributes. A file system that has none is no error, and neither is one that only root may
 * set, for anybody else. Throws the system error.
 */
export function setAttributes(descriptor: number, attributes: readonly Attribute[]): void {
  for (const { name, value } of attributes) {
    try {
      native().setAttribute(descriptor, name, value);
    } catch (error) {
      const errno = errnoOf(error) ?? "";
      const forRoot = process.geteuid?.() !== 0 && ["EPERM", "EACCES"].includes(errno);
      if (errno !== "ENOTSUP" && !forRoot) throw error;
    }
  }
}
