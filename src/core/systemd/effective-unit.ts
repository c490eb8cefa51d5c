// What a service's unit file and drop-ins say together, for a root in which no systemctl can answer.
import { type EnvironmentEntry, entryOf } from "./environment.ts";
import { expand } from "./specifiers.ts";
import { type Setting, settingsOf, type UnitFile } from "./unit-file.ts";
import { splitWords } from "./words.ts";

export interface EnvironmentFile {
  /** Absolute; may be a pattern with '*', '?' or '['. */
  readonly path: string;
  /** systemd starts the service without it, too. */
  readonly optional: boolean;
}

/** What decides whether LD_PRELOAD reaches the programs of a service. Specifiers that only a running systemd knows stay as they are. */
export interface EffectiveUnit {
  readonly environment: readonly EnvironmentEntry[];
  readonly environmentFiles: readonly EnvironmentFile[];
  /** Names, and assignments that go only with that very value. */
  readonly unsetEnvironment: readonly string[];
  readonly passEnvironment: readonly string[];
  readonly rootDirectory: string | undefined;
  readonly rootImage: string | undefined;
  readonly user: string | undefined;
  /** It has a user of its own while it runs. */
  readonly dynamicUser: boolean;
  /** The programs of ExecStart=, without the marks before them. */
  readonly execStart: readonly string[];
}

/** `files` in the order in which systemd reads them: the unit's own, then its drop-ins by file name. `unit` has its suffix. */
export function effectiveUnit(unit: string, files: readonly UnitFile[]): EffectiveUnit {
  const environment = new Map<string, EnvironmentEntry>();
  const lists = { environmentFiles: [] as EnvironmentFile[], unset: [] as string[], pass: [] as string[] };
  const single: Record<string, string | undefined> = {};
  const execStart: string[] = [];
  const known: Readonly<Record<string, (value: string) => void>> = {
    Environment: (value) => {
      if (value === "") environment.clear();
      for (const entry of assignments(value, unit)) environment.set(entry.name, entry);
    },
    EnvironmentFile: (value) => extend(lists.environmentFiles, value, [environmentFile(value, unit)]),
    UnsetEnvironment: (value) => extend(lists.unset, value, expanded(value, unit)),
    PassEnvironment: (value) => extend(lists.pass, value, expanded(value, unit)),
    ExecStart: (value) => extend(execStart, value, [program(value, unit)]),
  };
  for (const { key, value } of files.flatMap(serviceSettings)) {
    if (Object.hasOwn(known, key)) known[key]?.(value);
    else if (SINGLE.has(key)) single[key] = value === "" ? undefined : (expand(value, unit) ?? single[key]);
  }
  const rootDirectory = single.RootDirectory;
  return {
    environment: [...environment.values()],
    environmentFiles: lists.environmentFiles,
    unsetEnvironment: lists.unset,
    passEnvironment: lists.pass,
    rootDirectory: rootDirectory === "/" ? undefined : rootDirectory,
    rootImage: single.RootImage,
    user: single.User,
    dynamicUser: /^(1|yes|y|true|t|on)$/i.test(single.DynamicUser ?? ""),
    execStart,
  };
}

const SINGLE: ReadonlySet<string> = new Set(["RootDirectory", "RootImage", "User", "DynamicUser"]);

export function serviceSettings(file: UnitFile): Setting[] {
  return settingsOf(file.text).filter(({ section }) => section === "Service");
}

/** The assignments of one Environment= line that systemd accepts. */
export function assignments(value: string, unit: string): EnvironmentEntry[] {
  return splitWords(value).words.flatMap((word) => {
    const assignment = expand(word, unit);
    return (assignment === undefined ? undefined : entryOf(assignment, word)) ?? [];
  });
}

/** An empty value takes back all that was there before. */
function extend<T>(list: T[], value: string, items: readonly (T | undefined)[]): void {
  if (value === "") list.length = 0;
  else list.push(...items.filter((item) => item !== undefined));
}

function expanded(value: string, unit: string): string[] {
  return splitWords(value).words.flatMap((word) => expand(word, unit) ?? []);
}

function environmentFile(value: string, unit: string): EnvironmentFile | undefined {
  const optional = value.startsWith("-");
  const path = expand(optional ? value.slice(1) : value, unit);
  return path?.startsWith("/") ? { path, optional } : undefined;
}

function program(value: string, unit: string): string | undefined {
  const first = splitWords(value).words[0]?.replace(/^[-@:+!|]+/, "");
  return first === undefined || first === "" ? undefined : expand(first, unit);
}
