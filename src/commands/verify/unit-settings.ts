// What of a unit decides which libraries and which table its programs see, as settings for a transient service.
import { shownWords } from "../../core/systemd/environment.ts";
import { serviceSettings } from "../../core/systemd/from-files.ts";
import { shownFile } from "../../core/systemd/from-show.ts";
import { newerName } from "../../core/systemd/mounts.ts";
import { isOff, type UnitFile } from "../../core/systemd/unit-file.ts";

/** To be asked of systemd; its answer is for `transientSettings`. */
export const DECIDING = [
  "EnvironmentFiles",
  "UnsetEnvironment",
  "PassEnvironment",
  "RootDirectory",
  "RootImage",
  "RootHash",
  "MountAPIVFS",
  "BindPaths",
  "BindReadOnlyPaths",
  "TemporaryFileSystem",
  "ReadWritePaths",
  "ReadOnlyPaths",
  "InaccessiblePaths",
  "ExecPaths",
  "NoExecPaths",
  "ProtectSystem",
  "ProtectHome",
  "ProtectProc",
  "ProcSubset",
  "PrivateTmp",
  "PrivateDevices",
  "PrivateUsers",
  "ProtectKernelTunables",
  "ProtectKernelModules",
  "ProtectControlGroups",
  "NoNewPrivileges",
  "MemoryDenyWriteExecute",
  "SystemCallFilter",
  "SystemCallErrorNumber",
  "SystemCallArchitectures",
  "CapabilityBoundingSet",
  "AmbientCapabilities",
  "AppArmorProfile",
  "SELinuxContext",
  "User",
  "Group",
  "DynamicUser",
] as const;

/** What says as which user and with which variables: there are other ways to give these. */
const WITHOUT_SANDBOX: ReadonlySet<string> = new Set([
  "EnvironmentFiles",
  "UnsetEnvironment",
  "PassEnvironment",
  "User",
  "Group",
  "DynamicUser",
]);

/** The settings of a unit's files that only systemd can put into force and that may keep the shim or its table from it. */
export function sandboxIn(files: readonly UnitFile[]): readonly string[] {
  const last = new Map(files.flatMap(serviceSettings).map(({ key, value }) => [newerName(key), value]));
  const names = [...DECIDING.filter((name) => !WITHOUT_SANDBOX.has(name)), ...NOT_HANDED_ON];
  return names.filter((name) => !isOff(last.get(name) ?? ""));
}

/** Of these a transient service has none, so that no proof is made with them: images that are laid over the host's files. */
export const NOT_HANDED_ON = ["MountImages", "ExtensionImages", "ExtensionDirectories"] as const;

/** Asked too, but given to the service in another way. */
export const ALSO_ASKED = ["Environment"] as const;

/** `shown`: the output of 'systemctl show' for `DECIDING`; as 'systemd-run -p' takes them. A setting that is empty or "no" is left to its default. */
export function transientSettings(shown: string): readonly string[] {
  return pairsOf(shown).flatMap(([name, value]) => settingOf(name, value));
}

function pairsOf(shown: string): readonly (readonly [string, string])[] {
  return shown.split("\n").flatMap((line): (readonly [string, string])[] => {
    const equals = line.indexOf("=");
    return equals < 1 || line.length === equals + 1 ? [] : [[line.slice(0, equals), line.slice(equals + 1)]];
  });
}

const ASKED: ReadonlySet<string> = new Set(DECIDING);

function settingOf(name: string, value: string): readonly string[] {
  if (!ASKED.has(name) || value === "no") return [];
  // Where none is set, a number that systemd itself does not take.
  if (name === "SystemCallErrorNumber" && Number(value) > LARGEST_ERRNO) return [];
  if (name !== "EnvironmentFiles") {
    return LISTS_OF_WORDS.has(name) ? [`${name}=${shownWords(value).map(quoted).join(" ")}`] : [`${name}=${value}`];
  }
  return shownFile(value).map(({ path, optional }) => `EnvironmentFile=${optional ? "-" : ""}${path}`);
}

const LARGEST_ERRNO = 4095;

/** Shown with a shell's quotes, where systemd reads its own. */
const LISTS_OF_WORDS: ReadonlySet<string> = new Set(["UnsetEnvironment", "PassEnvironment"]);

function quoted(word: string): string {
  return /^[\w./:=@%+-]+$/.test(word) ? word : `"${word.replace(/["\\]/g, "\\$&")}"`;
}
