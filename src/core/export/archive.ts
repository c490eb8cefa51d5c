// What is in an archive for hosts without Node: its files as data, in one order, with their sums.
import { createHash } from "node:crypto";
import { readElf } from "../elf/read-elf.ts";
import { bytesSource } from "../elf/reader.ts";
import type { TarEntry } from "./tar.ts";

/** The one folder that an archive unpacks to. */
export const ARCHIVE_FOLDER = "portreserve";

export interface ArchiveFile {
  /** Below the archive's folder. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly mode: number;
}

/** A library and a probe for one ABI, as the package has them. */
export interface AbiParts {
  readonly abi: string;
  readonly shim: Uint8Array;
  /** With its file name, by which the script asks for it. */
  readonly probe: { readonly name: string; readonly bytes: Uint8Array };
}

export interface ArchiveParts {
  readonly abis: readonly AbiParts[];
  readonly table: Uint8Array;
  /** Undefined where no port is held or blocked. */
  readonly hold: { readonly text: string; readonly program: Uint8Array; readonly unit: string } | undefined;
  /** The files of reservations that the table was compiled from. */
  readonly owners: readonly { readonly owner: string; readonly bytes: Uint8Array }[];
  readonly setup: string;
}

const FILE = 0o644;
const PROGRAM = 0o755;

/** Whether a file of reservations can be in an archive: its name has to be one word for sh. */
export function isPlainOwner(owner: string): boolean {
  return /^[A-Za-z0-9_][\w@+-]{0,60}$/.test(owner);
}

/** The newest version of glibc that a library needs, such as "2.17"; undefined for what is no library. */
export function libcOf(library: Uint8Array): string | undefined {
  const elf = readElf(bytesSource(library));
  if ("fault" in elf) return undefined;
  const versions = elf.versionsNeeded.flatMap(({ version }) => /^GLIBC_([\d.]+)$/.exec(version)?.[1] ?? []);
  return versions.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1) ?? "2.0";
}

/** In the order of their names, with their sums in a file of their own. */
export function archiveFiles({ abis, table, hold, owners, setup }: ArchiveParts): readonly ArchiveFile[] {
  const file = (path: string, bytes: Uint8Array | string, mode = FILE): ArchiveFile => {
    return { path, bytes: typeof bytes === "string" ? Buffer.from(bytes) : bytes, mode };
  };
  const held =
    hold === undefined
      ? []
      : [
          file("files/portreserve-hold", hold.program, PROGRAM),
          file("files/portreserve-hold.service", hold.unit),
          file("files/portreserve.hold", hold.text),
        ];
  const files = [
    ...abis.flatMap(({ abi, shim, probe }) => [
      file(`files/libportreserve-${abi}.so`, shim),
      file(`files/${probe.name}`, probe.bytes, PROGRAM),
    ]),
    ...held,
    ...owners.map(({ owner, bytes }) => file(`files/owners/${owner}`, bytes)),
    file("files/portreserve.table", table),
    file("setup", setup, PROGRAM),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
  const sums = files.map(({ path, bytes }) => `${sha256(bytes)}  ${path}\n`).join("");
  return [file("SHA256SUMS", sums), ...files];
}

/** Folders before what is in them. */
export function tarEntries(files: readonly ArchiveFile[]): readonly TarEntry[] {
  const folders = new Set([ARCHIVE_FOLDER]);
  for (const { path } of files) {
    const names = path.split("/").slice(0, -1);
    for (const at of names.keys()) folders.add([ARCHIVE_FOLDER, ...names.slice(0, at + 1)].join("/"));
  }
  return [
    ...[...folders].sort().map((path) => ({ path, mode: PROGRAM })),
    ...files.map(({ path, bytes, mode }) => ({ path: `${ARCHIVE_FOLDER}/${path}`, bytes, mode })),
  ];
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
