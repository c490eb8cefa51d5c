// What one look at the host leaves for the next: what was read of the host's files, so that it is read again only where
// a file has changed. Root's looks leave it in a file of /run too, since most of a look's time goes there.
import { constants, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { isUnseen } from "../core/seen.ts";
import { orUndefined } from "../system/app-error.ts";
import { keepCodeAtExit } from "../system/code/keep-code.ts";
import { isFault, readRegularFile } from "../system/files/read-file.ts";
import { replaceFile } from "../system/files/replace-file.ts";
import { type LoaderAnswer, loaderAnswer } from "../system/host/abis.ts";
import { MANAGER_FILE } from "../system/host/manager-parts.ts";
import { MEMORY_FILE } from "../system/paths.ts";
import { isRefused, processFolder } from "../system/proc/process-files.ts";
import { fileSystemsIn } from "./processes/file-systems.ts";
import { fileIdentity } from "./processes/read-mapped-file.ts";
import { readMounts } from "./processes/read-self.ts";
import { type KnownFile, type ObjectCache, objectCache } from "./programs/known-file.ts";
import { type FileStamp, type KeptUnit, type UnitMemory, unitMemory } from "./units/known-units.ts";

export interface Memory {
  readonly objects: ObjectCache;
  readonly units: UnitMemory;
  /** For abisOf. */
  readonly answerOf: (loader: string) => LoaderAnswer;
  /** To be called after a look. Never throws: without it the next look takes longer. */
  readonly keep: () => void;
}

/** What the file has, as JSON; bigints are texts there. */
interface Kept {
  /** The identity of the program that wrote it: another one may want to know other things of a file. */
  readonly by: string;
  readonly files: readonly (readonly [string, KnownFile])[];
  readonly units: readonly KeptUnit[];
  /** By the loaders' identities. */
  readonly loaders: readonly (readonly [string, LoaderAnswer])[];
}

/** In bytes: a thousand files take half a mebibyte. */
const LIMIT = 32 * 1024 * 1024;
/** In milliseconds. A change within one tick of the kernel's clock after the last one would not show. */
const SETTLED = 2000;
const WRITABLE_BY_OTHERS = constants.S_IWGRP | constants.S_IWOTH;

export function newMemory(): Memory {
  const since = Date.now();
  const by = keeper();
  const kept = by === undefined ? undefined : readKept(by);
  const objects = objectCache(kept?.files);
  let ownDevice: { readonly device: string | undefined } | undefined;
  const device = (): string | undefined => {
    ownDevice ??= { device: hostDevice() };
    return ownDevice.device;
  };
  const units = unitMemory(
    (stamp) => by !== undefined && isLastingStamp(stamp, device(), since - SETTLED),
    kept?.units,
  );
  const loaders = new Map(kept?.loaders);
  let asked = false;
  return {
    objects,
    units,
    answerOf: (loader) => {
      const identity = fileIdentity(loader);
      if (isRefused(identity)) return loaderAnswer(loader);
      const key = `${identity.key} ${identity.version}`;
      const known = loaders.get(key);
      if (known !== undefined) return known;
      const answer = loaderAnswer(loader);
      if (answer.isLasting) loaders.set(key, answer);
      asked = true;
      return answer;
    },
    keep: () => {
      keepCodeAtExit();
      const { files, isChanged } = objects.settle();
      const written = units.settle();
      if (by === undefined || !(isChanged || written.isChanged || asked)) return;
      asked = false;
      const lasting = [...files].filter(([key, file]) => isLasting(key, file, device(), since - SETTLED));
      orUndefined(() => writeKept({ by, files: lasting, units: written.units, loaders: [...loaders] }));
    },
  };
}

/** Who looks, if it is root by the program that is installed: what a checkout's parts know changes from build to build. */
function keeper(): string | undefined {
  const own = fileURLToPath(import.meta.url);
  if (process.geteuid?.() !== 0 || path.basename(own) !== path.basename(MANAGER_FILE)) return undefined;
  const identity = fileIdentity(own);
  return isRefused(identity) ? undefined : `${identity.key} ${identity.version}`;
}

/**
 * Whether a file can be known again by its identity: a file of root's on the host's own disk, which nobody can put in the
 * place of another while the host runs. Servers and removable disks say of their files what they want.
 */
function isLasting(
  key: string,
  { version, owner, elf }: KnownFile,
  device: string | undefined,
  before: number,
): boolean {
  const changed = Number(version.split(" ")[1]) / 1e6;
  const isSeen = elf === undefined || !isUnseen(elf);
  return owner === 0 && isSeen && key.split(":")[0] === device && changed < before;
}

/** The same of a unit's file. */
function isLastingStamp(stamp: FileStamp, device: string | undefined, before: number): boolean {
  const [key = "", , changed, , owner] = stamp.split(" ");
  return owner === "0" && key.split(":")[0] === device && Number(changed) / 1e6 < before;
}

/** Of /usr, as the keys have it; undefined where a server may be behind it. */
function hostDevice(): string | undefined {
  const identity = fileIdentity("/usr");
  if (isRefused(identity)) return undefined;
  const systems = fileSystemsIn(readMounts(processFolder("self")) ?? Buffer.of());
  const isLocal = systems.some((system) => system.device === identity.device && system.isLocal);
  return isLocal ? identity.key.split(":")[0] : undefined;
}

function readKept(by: string): Kept | undefined {
  // Only root may have written it: whoever could might make this program say "covered".
  const folder = orUndefined(() => statSync(path.dirname(MEMORY_FILE)));
  const read = readRegularFile(MEMORY_FILE, LIMIT);
  if (isFault(read) || folder === undefined) return undefined;
  if ([folder, read.stats].some(({ uid, mode }) => uid !== 0 || (mode & WRITABLE_BY_OTHERS) !== 0)) return undefined;
  const kept = parsed(read.bytes);
  return kept?.by === by ? { ...kept, files: kept.files.map(([key, file]) => [key, revived(file)]) } : undefined;
}

function parsed(bytes: Buffer): Kept | undefined {
  try {
    return JSON.parse(bytes.toString("utf8")) as Kept;
  } catch {
    return undefined;
  }
}

function revived(file: KnownFile): KnownFile {
  const { slots } = file;
  if (slots === undefined || isUnseen(slots)) return file;
  const words = slots.slots.map((slot) => ({
    ...slot,
    initial: slot.initial === undefined ? undefined : BigInt(slot.initial),
  }));
  return { ...file, slots: { ...slots, slots: words } };
}

function writeKept(kept: Kept): void {
  const text = JSON.stringify(kept, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
  replaceFile({ file: Buffer.from(MEMORY_FILE), bytes: Buffer.from(text), mode: 0o600 });
}
