// Which settings of a unit put something else in the place of the host's files, or confine what it starts.

/** Something that a unit mounts for its programs. */
export interface Mounted {
  /** As the unit says it, without options: "InaccessiblePaths=/etc". */
  readonly setting: string;
  /** Absolute. */
  readonly target: string;
}

/** The settings that give a unit another root. */
export const ROOT_SETTINGS = ["RootDirectory", "RootImage"] as const;

/** The settings that lay images over the host's files, each a list of words; which files is in the image alone. */
const OVERLAY_SETTINGS = ["ExtensionImages", "ExtensionDirectories"] as const;

/** The settings that hide or replace files, each a list of words. */
export const MOUNT_SETTINGS = [
  "BindPaths",
  "BindReadOnlyPaths",
  "InaccessiblePaths",
  "TemporaryFileSystem",
  "MountImages",
  ...OVERLAY_SETTINGS,
] as const;

type MountSetting = (typeof MOUNT_SETTINGS)[number];

/** Settings by the names that they had in older versions, which systemd still takes. */
export function newerName(key: string): string {
  return key.replace(/^(Inaccessible|ReadOnly|ReadWrite)Directories$/, "$1Paths");
}

/** The setting of this list that `key` of a unit file is. */
export function mountSetting(key: string): MountSetting | undefined {
  const name = newerName(key);
  return MOUNT_SETTINGS.find((setting) => setting === name);
}

/** `word`: one of the list that `setting` is. Undefined where the same file stays in its place. */
export function mountedBy(setting: MountSetting, word: string): Mounted | undefined {
  const binds = isBind(setting);
  const [source = "", place = source] = unmarked(word).split(":");
  if (OVERLAY_SETTINGS.some((name) => name === setting)) return { setting: `${setting}=${source}`, target: "/" };
  const isPair = binds || setting === "MountImages";
  const target = plain(isPair ? place : source);
  if (binds && target === plain(source)) return undefined;
  const text = `${setting}=${isPair ? `${source}:` : ""}${target}`;
  // A specifier that only a running systemd knows may stand for anything.
  if (target.startsWith("%")) return { setting: text, target: "/" };
  return target.startsWith("/") ? { setting: text, target } : undefined;
}

/** What a word of a list of bind mounts shows: SOURCE:PLACE:OPTIONS, where a mark in front forgives a missing source. */
export function bindSource(setting: MountSetting, word: string): string | undefined {
  return isBind(setting) ? unmarked(word).split(":")[0] : undefined;
}

function isBind(setting: MountSetting): boolean {
  return setting === "BindPaths" || setting === "BindReadOnlyPaths";
}

/** Without the marks that forgive what is missing, or take a path for one in the unit's own root. */
function unmarked(word: string): string {
  return word.replace(/^[-+]+/, "");
}

/** The settings that say from where code may be run, each a list of paths. */
export const EXEC_SETTINGS = ["NoExecPaths", "ExecPaths"] as const;

/** Paths, absolute and without their marks. */
export interface ExecPaths {
  readonly never: readonly string[];
  readonly again: readonly string[];
}

export function execPaths(words: (setting: (typeof EXEC_SETTINGS)[number]) => readonly string[]): ExecPaths {
  const [never = [], again = []] = EXEC_SETTINGS.map((name) => words(name).map((word) => plain(unmarked(word))));
  // A specifier that only a running systemd knows may stand for anything.
  return { never: never.map((path) => (path.startsWith("%") ? "/" : path)), again };
}

/** The path of `never` that keeps the code of `file` from being run: of several the innermost decides. */
export function unrunnable({ never, again }: ExecPaths, file: string): string | undefined {
  const innermost = (paths: readonly string[]): string | undefined =>
    paths.filter((path) => file === path || file.startsWith(below(path))).sort((a, b) => b.length - a.length)[0];
  const path = innermost(never);
  return path !== undefined && path.length >= (innermost(again)?.length ?? 0) ? path : undefined;
}

/** The first that is in the place of one of these files, or of a folder above. */
export function hiding(mounted: readonly Mounted[], files: readonly string[]): string | undefined {
  return mounted.find(({ target }) => files.some((file) => file === target || file.startsWith(below(target))))?.setting;
}

function plain(path: string): string {
  return path.replace(/\/+/g, "/").replace(/(?<=.)\/$/, "");
}

function below(folder: string): string {
  return folder === "/" ? folder : `${folder}/`;
}

/** Whether the value of RootDirectory= is the host's own root. */
export function isHostRoot(value: string): boolean {
  return plain(value) === "/";
}

/** The setting that puts a unit's programs into a profile of AppArmor's. */
export const PROFILE_SETTING = "AppArmorProfile";

/** Of the value of `PROFILE_SETTING`: "-" makes systemd go on where there is no such profile. Undefined for none. */
export function namedProfile(value: string): string | undefined {
  const name = value.replace(/^-/, "");
  return name === "" ? undefined : name;
}
