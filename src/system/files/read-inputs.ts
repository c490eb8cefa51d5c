// Reads everything a table is compiled from; what cannot be read becomes a diagnostic, and only a missing folder is an error.
import { lstatSync, readdirSync } from "node:fs";
import type { Diagnostic, Inputs, OwnerFile, SourceFile } from "../../core/config/types.ts";
import { AppError, errnoOf, fromSystem } from "../app-error.ts";
import { hostPath } from "../command-text.ts";
import { BLACKLIST_FILE, OWNERS_FOLDER, SERVICES_FILE, VENDOR_SERVICES_FILE } from "../paths.ts";
import { nameToText } from "./raw-name.ts";
import { type FileRead, isFault, type ReadFault, readRegularFile, readUnder } from "./read-file.ts";
import { resolveUnder } from "./rooted.ts";

/** Most bytes of a reservation file and of the blacklist. */
const CONFIG_LIMIT = 64 * 1024;
/** Most bytes of /etc/services; the longest that a distribution ships has 0.7 MB. */
const SERVICES_LIMIT = 4 * 1024 * 1024;

export interface InputChoice {
  /** As `openRoot` gave it. */
  readonly root: string;
  /** False leaves /etc/bindresvport.blacklist out. */
  readonly blacklist: boolean;
  /** Which entries of the folder are reservation files, by name; the others are not opened. */
  readonly isOwner: (name: string) => boolean;
  /** True takes a missing folder for an empty one. */
  readonly folderMayMiss: boolean;
}

/** Throws AppError when there is no folder to read, unless it may miss; nothing else stops it. Entries are read in the order of their bytes. */
export function readInputs(choice: InputChoice): Inputs {
  const problems: Diagnostic[] = [];
  const owners = readOwners(choice, problems);
  const services = readServices(choice.root, problems);
  return { owners, ...services, ...readBlacklistFile(choice, problems), problems };
}

function readOwners(choice: InputChoice, problems: Diagnostic[]): OwnerFile[] {
  const { folder, entries } = readFolder(choice);
  const owners: OwnerFile[] = [];
  for (const entry of entries.sort(Buffer.compare)) {
    const owner = nameToText(entry);
    const path = `${OWNERS_FOLDER}/${owner}`;
    if (!choice.isOwner(owner)) {
      problems.push(ignored(path, owner));
      continue;
    }
    const read = readEntry(choice.root, folder, entry);
    if (isFault(read)) problems.push(unreadable(path, read, "what it reserves is not in force"));
    else owners.push({ owner, path, bytes: read.bytes });
  }
  return owners;
}

/** An option of the verb that knows the folder, its mode and the format. */
const FIRST_FILE = "'sudo portreservectl reserve cups 631' makes it, with a first file in it";
const SLASH = Buffer.from("/");

function readFolder({ root, folderMayMiss }: InputChoice): { folder: Buffer; entries: Buffer[] } {
  try {
    const folder = resolveUnder(root, OWNERS_FOLDER);
    return { folder, entries: readdirSync(folder, { encoding: "buffer" }) as unknown as Buffer[] };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" && folderMayMiss) return { folder: Buffer.alloc(0), entries: [] };
    if (errno === "ENOENT") {
      const hint =
        root === "/"
          ? FIRST_FILE
          : `create it with 'mkdir ${hostPath(root, OWNERS_FOLDER)}', then for each service a file with its ports, such as 'echo ipp > ${hostPath(root, `${OWNERS_FOLDER}/cups`)}'`;
      throw new AppError(
        "incomplete",
        `there is no folder '${OWNERS_FOLDER}', so there is nothing to read`,
        hint,
        error,
      );
    }
    if (errno === "ENOTDIR") {
      const hint = "move the file away and create a folder of that name, with one file for each service";
      throw new AppError("incomplete", `'${OWNERS_FOLDER}' is not a folder`, hint, error);
    }
    throw fromSystem(error, `cannot read the folder '${OWNERS_FOLDER}'`);
  }
}

/** Only a link needs the slower way, which keeps to the root. None is followed before it is known to be one. */
function readEntry(root: string, folder: Buffer, entry: Buffer): FileRead | ReadFault {
  const file = Buffer.concat([folder, SLASH, entry]);
  const plain = readRegularFile(file, CONFIG_LIMIT, { follow: false });
  if (!isFault(plain) || plain.kind !== "not-a-file" || !isLink(file)) return plain;
  const read = readUnder(root, Buffer.concat([Buffer.from(OWNERS_FOLDER), SLASH, entry]), CONFIG_LIMIT);
  const dangling = isFault(read) && read.kind === "missing";
  return dangling ? { kind: "failed", reason: "it is a link to a file that does not exist" } : read;
}

/** False where it cannot be looked at: reading it then says why. */
function isLink(file: Buffer): boolean {
  try {
    return lstatSync(file).isSymbolicLink();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

function readServices(
  root: string,
  problems: Diagnostic[],
): Pick<Inputs, "services" | "vendorServices" | "servicesUnread"> {
  const before = problems.length;
  const services = readSource(root, SERVICES_FILE, SERVICES_LIMIT, problems);
  const vendor = readSource(root, VENDOR_SERVICES_FILE, SERVICES_LIMIT, problems);
  const unread = problems[before]?.file;
  if (services === undefined && vendor === undefined && unread === undefined) {
    problems.push({
      severity: "note",
      code: "no-services-file",
      message: "there is no such file, so only built-in service names are known",
      hint: "write port numbers, or install the package that ships it (netbase, setup)",
      file: SERVICES_FILE,
    });
  }
  return {
    services,
    ...(vendor === undefined ? {} : { vendorServices: vendor }),
    ...(unread === undefined ? {} : { servicesUnread: unread }),
  };
}

function readBlacklistFile(
  { root, blacklist: wanted }: InputChoice,
  problems: Diagnostic[],
): Pick<Inputs, "blacklist" | "blacklistUnread"> {
  const before = problems.length;
  const blacklist = wanted ? readSource(root, BLACKLIST_FILE, CONFIG_LIMIT, problems) : undefined;
  return { blacklist, ...(problems.length === before ? {} : { blacklistUnread: BLACKLIST_FILE }) };
}

/** Undefined where there is none, and with a problem where it cannot be read. */
function readSource(root: string, path: string, limit: number, problems: Diagnostic[]): SourceFile | undefined {
  const read = readUnder(root, path, limit);
  if (!isFault(read)) return { path, bytes: read.bytes };
  if (read.kind === "missing") return undefined;
  const lost = path === BLACKLIST_FILE ? "its ports are not reserved" : "its service names are not known";
  problems.push(unreadable(path, read, lost));
  return undefined;
}

function ignored(path: string, name: string): Diagnostic {
  const mark = name.includes(".") ? "." : "~";
  return {
    severity: "note",
    code: "entry-ignored",
    message: `ignored, because its name has a '${mark}'`,
    hint: "names with '.' or '~' are taken for backups and leftovers: rename it if it is a reservation file",
    file: path,
  };
}

function unreadable(path: string, fault: ReadFault, lost: string): Diagnostic {
  return {
    severity: "error",
    code: FAULT_CODES[fault.kind],
    message: `cannot read it: ${fault.reason}; ${lost}`,
    ...(fault.kind === "denied"
      ? { hint: "run it with sudo, or see the mode and owner of the file with 'ls -l'" }
      : {}),
    file: path,
  };
}

const FAULT_CODES: Readonly<Record<ReadFault["kind"], string>> = {
  missing: "entry-vanished",
  "not-a-file": "not-a-regular-file",
  "too-big": "file-too-big",
  denied: "permission-denied",
  failed: "unreadable",
};
