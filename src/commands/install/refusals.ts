// Why a host is left alone: what would break it, and what somebody else has put in our places. Each with what to do.
import { unfitness } from "../../core/elf/fitness.ts";
import { readElf } from "../../core/elf/read-elf.ts";
import { bytesSource } from "../../core/elf/reader.ts";
import { type Artefact, strangersAmong } from "../../core/install/artefacts.ts";
import type { Picture } from "../../core/install/plan.ts";
import { strangersNamed } from "../../core/preload-list/strangers.ts";
import { isOurUnit, PATH_UNIT, SERVICE_UNIT } from "../../core/systemd/unit-texts.ts";
import type { Message } from "../../report/types.ts";
import { type Abi, shimFile } from "../../system/abis.ts";
import { lookAt, othersMayWrite } from "../../system/look-at.ts";
import { INSTALLED_SHIM, MANAGER_FOLDER, OLD_DAEMON_FILES } from "../../system/paths.ts";
import { hostPath, manager } from "../../system/suggest.ts";
import { othersUnits } from "../../system/unit-scan.ts";

/** Every reason not to install; none if it may go on. `list`: whether the preload list is to be edited. */
export function refusalsToInstall(
  root: string,
  picture: Picture,
  abis: readonly Abi[],
  list: boolean,
): readonly Message[] {
  const { libraries, rules, manager: parts, units, dropIns } = picture;
  return [
    ...abiRefusals(root, abis, list),
    ...abis.flatMap(shimRefusals),
    ...foreign(root, [...libraries, ...rules, ...parts, ...units, ...dropIns]),
    ...(list ? listRefusals(root, picture) : []),
    ...(units.length > 0 ? oldDaemon(root) : []),
    ...writableFolders(root, [...libraries.flatMap(({ folders }) => folders), MANAGER_FOLDER]),
  ];
}

function abiRefusals(root: string, abis: readonly Abi[], list: boolean): readonly Message[] {
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
    const hint =
      name === "i386"
        ? "in a checkout: install gcc-multilib, then 'npm run build'; or cover single services with --unit"
        : "cover single services with --unit instead";
    return [
      refusal(
        `this system runs ${name} programs (by '${loader}'), and this package has no shim for them: each would print an error at its start`,
        hint,
      ),
    ];
  });
}

function shimRefusals({ name, shim, libc, loader }: Abi): readonly Message[] {
  if (shim === undefined) return [];
  const hint = "nothing was changed; get another build of the package, and report this";
  if (libc === undefined) {
    return [
      refusal(
        `there is no libc.so.6 beside '${loader}', so nothing can tell whether the shim fits`,
        "install the host's libc for it",
      ),
    ];
  }
  const host = readElf(bytesSource(libc));
  if ("fault" in host)
    return [refusal(`the libc.so.6 beside '${loader}' ${host.reason}`, "repair the host's libc first")];
  const library = readElf(bytesSource(shim));
  const faults = "fault" in library ? [library.reason] : unfitness(library, host);
  return faults.map((fault) => refusal(`the shim for ${name} ${fault}`, hint));
}

/** Files in places of ours that this program did not put there. */
export function foreign(root: string, artefacts: readonly Artefact[]): readonly Message[] {
  return strangersAmong(artefacts).map(({ path, what }) =>
    refusal(`'${path}' is ${what}`, `find out who made it with 'ls -l ${hostPath(root, path)}', and move it away`),
  );
}

export function listRefusals(root: string, { list }: Picture): readonly Message[] {
  const { found, path } = list;
  const look = `see 'ls -l ${hostPath(root, path)}'`;
  if (found.kind === "link" || found.kind === "other") {
    const what = found.kind === "link" ? "a link that cannot be followed" : found.reason;
    return [refusal(`the preload list '${path}' is ${what}`, look)];
  }
  return found.kind === "file" ? strangeEntries(root, path, found.bytes) : [];
}

/** Names in the list that lead to a shim of ours by another way. */
export function strangeEntries(root: string, path: string, bytes: Uint8Array): readonly Message[] {
  return strangersNamed(bytes, INSTALLED_SHIM).map(({ name, line, column }) =>
    refusal(
      `${path}:${line}:${column}: '${name}' is in the preload list, and portreservectl did not write it`,
      `take it out by hand, then run '${manager(root, "install")}', whose entry serves every kind of program`,
    ),
  );
}

function oldDaemon(root: string): readonly Message[] {
  const units = [SERVICE_UNIT, PATH_UNIT].flatMap((name) => othersUnits(root, name));
  const strange = units.filter(({ text }) => !isOurUnit(text)).map(({ path }) => path);
  const scripts = OLD_DAEMON_FILES.filter((file) => lookAt(root, file).kind !== "missing");
  return [...strange, ...scripts].map((path) =>
    refusal(
      `'${path}' belongs to the portreserve daemon, which holds ports until they are released`,
      "remove that package first; its files in /etc/portreserve work as they are",
    ),
  );
}

function writableFolders(root: string, folders: readonly string[]): readonly Message[] {
  if (root !== "/") return [];
  const bad = new Set(folders.flatMap((folder) => othersMayWrite(folder) ?? []));
  return [...bad].map((path) =>
    refusal(
      `somebody else than root may change what is in '${path}', and with it a library of every program`,
      `see 'ls -ld ${hostPath(root, path)}', and 'chown root' or 'chmod go-w' it`,
    ),
  );
}

export function refusal(message: string, hint: string): Message {
  return { severity: "error", message, hint };
}

/** Where the loader of each ABI finds its shim. */
export function shimFiles(abis: readonly Abi[]): readonly string[] {
  return abis.flatMap(({ lib }) => (lib === undefined ? [] : [shimFile(lib)]));
}
