// Why a host is left alone: what would break it, and what somebody else has put in our places. Each with what to do.
import path from "node:path";
import { incompatibilities, MARKER, SHARE_MARKER } from "../../core/elf/abi-compat.ts";
import { readElf } from "../../core/elf/read-elf.ts";
import { bytesSource } from "../../core/elf/reader.ts";
import { type Artefact, inPlace, unownedAmong } from "../../core/install/artefacts.ts";
import type { InstallState } from "../../core/install/plan.ts";
import { startsOldDaemon } from "../../core/old-daemon.ts";
import { conflictsNamed } from "../../core/preload-list/conflicts.ts";
import { METRICS_UNITS } from "../../core/systemd/metrics-unit-text.ts";
import { isOurUnit, SERVICE_UNIT, UNIT_FILES } from "../../core/systemd/unit-texts.ts";
import { othersUnits } from "../../observe/units/read-unit-files.ts";
import type { Message } from "../../report/types.ts";
import { commandLine, hostPath, shellWord } from "../../system/command-text.ts";
import { isClosed, isFolder, lstatEntry } from "../../system/files/entry.ts";
import { othersMayWrite } from "../../system/files/others-may-write.ts";
import type { HostAbi } from "../../system/host/abis.ts";
import { packagingOf, reinstallCommand } from "../../system/host/packaging.ts";
import { HOLDER_UNIT, INSTALLED_SHIM, MANAGER_FOLDER } from "../../system/paths.ts";

/** Every reason not to install; none if it may go on. `list`: whether the preload list is to be edited. */
export function refusalsToInstall(
  root: string,
  state: InstallState,
  abis: readonly HostAbi[],
  list: boolean,
): readonly Message[] {
  const { libraries, rules, manager: parts, units, holder, dropIns } = state;
  const all = [...libraries, ...rules, ...parts, ...units, ...holder, ...dropIns];
  const packaging = packagingOf(root);
  if (packaging === "other") return [ofPackage(root, "install")];
  return [
    ...(packaging === "own" ? incompletePackage(root, [...libraries, ...parts, ...units, ...holder]) : []),
    ...abiRefusals(root, abis, list),
    ...abis.flatMap(shimRefusals),
    ...unownedRefusals(root, all),
    ...(list ? [...listRefusals(root, state), ...danglingList(root, state)] : []),
    ...[...(units.length > 0 ? [...UNIT_FILES, ...METRICS_UNITS] : []), HOLDER_UNIT].flatMap((name) =>
      hiddenUnits(root, name),
    ),
    ...blockedFolders(root, all),
    ...closedFolders(root, libraries),
    ...writablePlaces(root, [...libraries, ...parts, ...units, ...holder, ...dropIns]),
  ];
}

/** A package of the distribution owns what is installed there, and this program is not of it. */
export function ofPackage(root: string, verb: "install" | "uninstall"): Message {
  const hint =
    root === "/" ? `run '/usr/bin/portreservectl ${verb}'` : `run 'chroot ${shellWord(root)} portreservectl ${verb}'`;
  return refusal(
    `'${MANAGER_FOLDER}' belongs to a package of this system, which has a portreservectl of its own`,
    hint,
  );
}

/** What the package has is never written by this program, also where it is damaged. */
function incompletePackage(root: string, artefacts: readonly Artefact[]): readonly Message[] {
  const damaged = artefacts.filter((artefact) => artefact.wanted.kind === "file" && !inPlace(artefact));
  return damaged.map(({ path }) =>
    refusal(`'${path}' is not as the package has it`, `run '${reinstallCommand(root)}'`),
  );
}

/** For files that are put beside an installation. */
export function refusalsToPut(root: string, artefacts: readonly Artefact[]): readonly Message[] {
  return [...unownedRefusals(root, artefacts), ...blockedFolders(root, artefacts), ...writablePlaces(root, artefacts)];
}

function abiRefusals(root: string, abis: readonly HostAbi[], list: boolean): readonly Message[] {
  if (abis.length === 0) {
    const hint = "programs of other libraries than glibc never read the preload list; see 'portreservectl help run'";
    return [refusal("there is no loader of glibc on this system that this package knows", hint)];
  }
  return abis.flatMap(({ name, loader, lib, shim }) => {
    if (lib === undefined) {
      return [
        refusal(
          `'${loader}' does not say in which folder it looks for libraries`,
          `report it, with 'ls -l ${hostPath(root, loader)}'`,
        ),
      ];
    }
    // A program without a shim in its own folder would print a line about that at each start.
    if (shim !== undefined || (!list && name !== "x86_64" && name !== "aarch64")) return [];
    const hint = !list
      ? `install a build of the package that has a shim for ${name}`
      : name === "i386"
        ? "in a checkout: install what CONTRIBUTING.md says for 32-bit programs, then 'npm run build'; or cover single services with --unit"
        : "cover single services with --unit instead";
    return [
      refusal(
        `this system runs ${name} programs (by '${loader}'), and this package has no shim for them: each would print an error at its start`,
        hint,
      ),
    ];
  });
}

function shimRefusals({ name, shim, high, share, libc, loader }: HostAbi): readonly Message[] {
  if (shim === undefined) return [];
  const hint = "get another build of the package, and report this";
  const theirs = libc();
  if (theirs === undefined) {
    return [
      refusal(
        `there is no libc.so.6 beside '${loader}', so nothing can tell whether the shim fits`,
        "install the host's libc for it",
      ),
    ];
  }
  const host = readElf(bytesSource(theirs));
  if ("fault" in host)
    return [refusal(`the libc.so.6 beside '${loader}' ${host.reason}`, "repair the host's libc first")];
  const faultsOf = (bytes: Uint8Array, marker: string): readonly string[] => {
    const library = readElf(bytesSource(bytes));
    return "fault" in library ? [library.reason] : incompatibilities(library, host, marker);
  };
  return [
    ...faultsOf(shim, MARKER).map((fault) => refusal(`the shim for ${name} ${fault}`, hint)),
    ...(high === undefined ? [] : faultsOf(high, MARKER)).map((fault) =>
      refusal(`the high-ports library for ${name} ${fault}`, hint),
    ),
    ...(share === undefined ? [] : faultsOf(share, SHARE_MARKER)).map((fault) =>
      refusal(`the share library for ${name} ${fault}`, hint),
    ),
  ];
}

/** Files in portreserve's places that this program did not put there. */
export function unownedRefusals(root: string, artefacts: readonly Artefact[]): readonly Message[] {
  return unownedAmong(artefacts).map(({ path, what }) =>
    refusal(
      `'${path}' is ${what}`,
      // It enables the old daemon's unit, of the same name.
      path.endsWith(`.wants/${SERVICE_UNIT}`)
        ? `run 'systemctl disable ${SERVICE_UNIT}', which ends nothing, then this again`
        : `find out who made it with 'ls -l ${hostPath(root, path)}', and move it away`,
    ),
  );
}

export function listRefusals(root: string, { list }: InstallState): readonly Message[] {
  const { found, path: file } = list;
  const look = `see 'ls -l ${hostPath(root, file)}'`;
  if (found.kind === "link" || found.kind === "other") {
    const what = found.kind === "link" ? "a link that cannot be followed" : found.reason;
    return [refusal(`the preload list '${file}' is ${what}`, look)];
  }
  if (found.kind === "missing") return [];
  // Names that lead to our shim by another path.
  return conflictsNamed(found.bytes, INSTALLED_SHIM).map(({ name, line, column }) =>
    refusal(
      `${file}:${line}:${column}: '${name}' is in the preload list, and portreservectl did not write it`,
      `take it out by hand, then run '${commandLine(root, "install")}', whose entry serves every kind of program`,
    ),
  );
}

/** Units of others that ours would hide. The old daemon's is to be hidden: ours takes its place. */
function hiddenUnits(root: string, name: string): readonly Message[] {
  const hidden = othersUnits(root, name).filter(
    ({ text }) => text !== "" && !isOurUnit(text) && !startsOldDaemon(text),
  );
  return hidden.map(({ path: file }) =>
    refusal(
      `'${file}' is a unit that portreservectl did not write`,
      `find out who made it with 'ls -l ${hostPath(root, file)}', and move it away`,
    ),
  );
}

/** A list that is to be made through a link: the folder must be there. */
function danglingList(root: string, { list: { path: file, found } }: InstallState): readonly Message[] {
  const link = lstatEntry(root, file);
  if (found.kind !== "missing" || link.kind !== "link") return [];
  if (isFolder(root, path.dirname(path.resolve(path.dirname(file), link.target)))) return [];
  return [
    refusal(
      `the preload list '${file}' is a link to '${link.target}', and there is no such folder`,
      "make the folder, or remove the link",
    ),
  ];
}

/** Where a folder has to be made, or used, and something else is. */
function blockedFolders(root: string, artefacts: readonly Artefact[]): readonly Message[] {
  const folders = [...new Set(artefacts.flatMap(({ folders }) => folders))];
  return folders.flatMap((folder) => {
    const found = lstatEntry(root, folder);
    if (found.kind === "missing" || isFolder(root, folder)) return [];
    const what = { file: "a file", link: "a link that leads to no folder", other: "" }[found.kind];
    return [
      refusal(
        `'${folder}' is ${found.kind === "other" ? found.reason : what}, and a folder is needed there`,
        `find out who made it with 'ls -l ${hostPath(root, folder)}', and move it away`,
      ),
    ];
  });
}

/** Programs of ordinary users would print an error at each start. */
function closedFolders(root: string, libraries: readonly Artefact[]): readonly Message[] {
  const folders = new Set(libraries.flatMap(({ folders }) => folders));
  const closed = [...folders].filter((folder) => isClosed(root, folder));
  return closed.map((folder) =>
    refusal(
      `only some users may look into '${folder}', and every program has to find its shim there`,
      `run 'chmod 755 ${hostPath(root, folder)}'`,
    ),
  );
}

/** What root runs, or loads into every program, must be root's. An image may belong to the user who builds it. */
function writablePlaces(root: string, artefacts: readonly Artefact[]): readonly Message[] {
  if (root !== "/") return [];
  const bad = new Set(artefacts.flatMap(({ path }) => othersMayWrite(path) ?? []));
  return [...bad].map((path) =>
    refusal(
      `somebody else than root may change '${path}', and with it what every program loads or root runs`,
      `see 'ls -ld ${hostPath(root, path)}', and 'chown root' or 'chmod go-w' it`,
    ),
  );
}

export function refusal(message: string, hint: string): Message {
  return { severity: "error", message, hint };
}
