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

/** The settings that hide or replace files, each a list of words. */
export const MOUNT_SETTINGS = ["BindPaths", "BindReadOnlyPaths", "InaccessiblePaths", "TemporaryFileSystem"] as const;

/** `word`: one of the list that `setting` is. Undefined where the same file stays in its place. */
export function mountedBy(setting: (typeof MOUNT_SETTINGS)[number], word: string): Mounted | undefined {
  const binds = isBind(setting);
  const [source = "", place = source] = word.replace(/^[-+]+/, "").split(":");
  const target = plain(binds ? place : source);
  if (!target.startsWith("/") || (binds && target === plain(source))) return undefined;
  return { setting: `${setting}=${binds ? `${source}:` : ""}${target}`, target };
}

/** What a word of a list of bind mounts shows: SOURCE:PLACE:OPTIONS, where a mark in front forgives a missing source. */
export function bindSource(setting: (typeof MOUNT_SETTINGS)[number], word: string): string | undefined {
  return isBind(setting) ? word.replace(/^[-+]+/, "").split(":")[0] : undefined;
}

function isBind(setting: (typeof MOUNT_SETTINGS)[number]): boolean {
  return setting === "BindPaths" || setting === "BindReadOnlyPaths";
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
