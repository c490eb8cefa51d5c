// What of a unit decides which libraries and which table its programs see, as settings for a transient service.
import { shownWords } from "../../core/systemd/environment.ts";
import { shownFile } from "../../core/systemd/show.ts";

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

/** Asked too, but given to the service in another way. */
export const ALSO_ASKED = ["Environment"] as const;

/** `shown`: the output of 'systemctl show' for `DECIDING`; as 'systemd-run -p' takes them. A setting that is empty or "no" is left to its default. */
export function transientSettings(shown: string): readonly string[] {
  return pairsOf(shown).flatMap(([name, value]) => settingOf(name, value));
}

/** What a unit lets decide which code its programs run. */
export interface UnitChoices {
  readonly rootDirectory: string | undefined;
  /** Files and folders of the host whose content its programs may run or obey. */
  readonly files: readonly string[];
  /** The absolute paths among `files` that set its environment; optional ones may be missing. */
  readonly environmentFiles: readonly string[];
}

/** From the same output. */
export function unitChoices(shown: string): UnitChoices {
  const pairs = pairsOf(shown);
  const values = (name: string): readonly string[] => pairs.flatMap(([one, value]) => (one === name ? [value] : []));
  const [rootDirectory] = values("RootDirectory").filter((value) => value !== "/");
  const environmentFiles = values("EnvironmentFiles").flatMap((value) => shownFile(value).map(({ path }) => path));
  const binds = [...values("BindPaths"), ...values("BindReadOnlyPaths")].flatMap(shownWords);
  return {
    rootDirectory,
    files: [
      ...values("RootImage"),
      ...environmentFiles,
      // SOURCE:PLACE:OPTIONS, where a '-' in front forgives a missing source. One with a blank comes in parts.
      ...binds.map((bind) => bind.replace(/^-/, "").split(":")[0] ?? bind),
    ],
    environmentFiles,
  };
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
