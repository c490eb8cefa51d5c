// export: the configuration compiled into one archive that a host without Node installs by itself.
import { readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { type ArchiveFile, archiveFiles, isPlainOwner, libcOf, sha256, tarEntries } from "../../core/export/archive.ts";
import { type HostPlaces, setupText } from "../../core/export/setup-text.ts";
import { tarBytes } from "../../core/export/tar.ts";
import { holdText } from "../../core/hold/hold-text.ts";
import { native, packageRoot } from "../../core/native.ts";
import { holderUnitText } from "../../core/systemd/holder-unit-text.ts";
import { enumerate, quote } from "../../core/text.ts";
import { readSources, type Sources } from "../../observe/read-sources.ts";
import type { Json, Message, Report } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { shellWord } from "../../system/command-text.ts";
import { writeOutput } from "../../system/files/write-output.ts";
import { archiveParts, type NativeParts } from "../../system/host/archive-parts.ts";
import { holderProgram } from "../../system/host/holder-program.ts";
import {
  HOLD_FILE,
  HOLDER_FILE,
  INSTALLED_SHIM,
  LOADERS,
  LOCK_FILE,
  MANAGER_FOLDER,
  OWNERS_FOLDER,
  PRELOAD_LIST,
  TABLE_FILE,
  UNIT_FOLDER,
} from "../../system/paths.ts";
import { heldCounts, heldJson } from "../hold-file/words.ts";
import { rejectedMessages } from "../source-messages.ts";
import { planTable } from "../table-plan.ts";
import type { Command } from "../types.ts";

export const exportArchive: Command = ({ options, args: [file = ""] }): Report => {
  if (file === "") throw new AppError("usage", "the archive has no name", "run 'portreservectl export FILE'");
  const time = archiveTime();
  const sources = readSources(options);
  const missing = { kind: "missing" } as const;
  // As on a host that has neither yet: what is in force on this one is not asked.
  const plan = planTable({ force: options.force, strict: false }, sources, missing, missing, "no archive was made");
  const { diagnostics } = sources.configuration;
  const report = { command: "export", diagnostics, quiet: ["note"] } as const;
  if (plan.kind !== "write") {
    const messages = plan.kind === "refuse" ? [plan.message] : [];
    const outcome = plan.kind === "refuse" ? plan.outcome : "incomplete";
    return { ...report, outcome, messages, body: [], data: { dryRun: options.dryRun, result: "refused" } };
  }
  const parts = archiveParts();
  const files = filesOf(sources, plan.bytes, parts);
  const archive = gzipSync(tarBytes(tarEntries(files), time), { level: 9 });
  if (!options.dryRun) writeOutput(file, archive);
  const rejected = rejectedMessages(options.root, "left out", diagnostics);
  return {
    ...report,
    outcome: rejected.length > 0 ? "no" : "done",
    messages: [...rejected, ...leftOut(sources)],
    body: [
      {
        kind: "lines",
        lines: [summary(options.dryRun ? "would write" : "written", file, archive, sources, parts), ...nextLines(file)],
        hang: 2,
      },
    ],
    data: {
      dryRun: options.dryRun,
      result: options.dryRun ? "planned" : "written",
      file: path.resolve(file),
      size: archive.length,
      sha256: sha256(archive),
      architecture: parts.arch,
      abis: parts.abis.map(({ abi }) => abi),
      libc: neededLibc(parts),
      tcp: sources.content.tcp,
      udp: sources.content.udp,
      held: heldJson(sources.held),
      files: files.map(fileJson),
    },
  };
};

/** A time that no tool takes for a mistake: 1980, as in archives of other kinds. */
const NO_TIME = 315_532_800;

/** In seconds since 1970. Throws AppError. */
function archiveTime(): number {
  const given = process.env.SOURCE_DATE_EPOCH;
  if (given === undefined) return NO_TIME;
  if (/^\d{1,11}$/.test(given) && Number(given) < 8 ** 11) return Number(given);
  throw new AppError("usage", `SOURCE_DATE_EPOCH is ${quote(given)}`, "it is in seconds since 1970");
}

function filesOf({ inputs, content, held }: Sources, table: Uint8Array, parts: NativeParts): readonly ArchiveFile[] {
  const { inForceMark, retiredMark } = native();
  return archiveFiles({
    abis: parts.abis,
    table,
    hold:
      held.length === 0 ? undefined : { text: holdText(held), program: holder(), unit: holderUnitText(HOLDER_FILE) },
    owners: inputs.owners.filter(({ owner }) => isPlainOwner(owner)),
    setup: setupText({
      version: version(),
      arch: parts.arch,
      abis: parts.abis.map(({ abi }) => abi),
      libc: neededLibc(parts),
      ports: content,
      holds: held.length > 0,
      places: PLACES,
      inForce: inForceMark,
      retired: retiredMark,
    }),
  });
}

const PLACES: HostPlaces = {
  home: MANAGER_FOLDER,
  list: PRELOAD_LIST,
  entry: INSTALLED_SHIM,
  table: TABLE_FILE,
  hold: HOLD_FILE,
  owners: OWNERS_FOLDER,
  units: UNIT_FOLDER,
  lock: LOCK_FILE,
  loaders: LOADERS,
};

/** Of the hosts' own programs. Throws AppError for a shim that no host can load. */
function neededLibc({ abis: [own] }: NativeParts): string {
  const libc = own === undefined ? undefined : libcOf(own.shim);
  if (libc === undefined)
    throw new AppError("unsafe", "the shim of this package is damaged", "install the package again");
  return libc;
}

function holder(): Uint8Array {
  const program = holderProgram(process.arch);
  if (program !== undefined) return program;
  throw new AppError(
    "incomplete",
    "this package has no portreserve-hold, and ports are to be held",
    "install the package again",
  );
}

function version(): string {
  return JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8")).version;
}

/** The table has their ports all the same. */
function leftOut({ inputs }: Sources): readonly Message[] {
  const names = inputs.owners.map(({ owner }) => owner).filter((owner) => !isPlainOwner(owner));
  if (names.length === 0) return [];
  const message = `the table has the ports of ${enumerate(names.map(quote))}, but the archive not the file: its name is no plain word`;
  return [{ severity: "note", message }];
}

function summary(
  verb: string,
  file: string,
  archive: Uint8Array,
  { content, held }: Sources,
  { abis }: NativeParts,
): string {
  const ports = `${content.tcp.length} tcp and ${content.udp.length} udp ports`;
  const also = held.length === 0 ? "" : `, ${heldCounts(held)}`;
  return `${verb}: '${file}', ${archive.length} bytes, for ${enumerate(abis.map(({ abi }) => abi))}: ${ports}${also}`;
}

function nextLines(file: string): readonly string[] {
  return [
    "on each host, with the archive copied there:",
    `  sudo tar -xzf ${shellWord(path.basename(file))} -C /root && sudo sh /root/portreserve/setup install`,
  ];
}

function fileJson({ path: name, mode, bytes }: ArchiveFile): Json {
  return { path: name, mode, size: bytes.length, sha256: sha256(bytes) };
}
