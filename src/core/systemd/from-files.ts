// A unit as its own file and its drop-ins say it together, where systemd has not loaded it or does not run.

import { BOUNDING_SET, boundWithoutBinding } from "./bounding-set.ts";
import { type EnvironmentEntry, entryOf } from "./environment.ts";
import { commandsIn, type ExecCommand, HELPER_SETTINGS, programsOf } from "./exec-programs.ts";
import { type Listen, writtenListen } from "./listens.ts";
import {
  bindSource,
  EXEC_SETTINGS,
  execPaths,
  isHostRoot,
  MOUNT_SETTINGS,
  mountedBy,
  mountSetting,
  namedProfile,
  PROFILE_SETTING,
} from "./mounts.ts";
import { leavesNoRight, RIGHT_SETTINGS } from "./ordinary-user.ts";
import { NETWORK_SETTINGS, ownNetworkOf } from "./own-network.ts";
import { expand } from "./specifiers.ts";
import type { EnvironmentFile, Unit } from "./unit.ts";
import { type Setting, settingsOf, type UnitFile } from "./unit-file.ts";
import { isOwnUsers, OWN_USERS } from "./user-namespace.ts";
import { splitWords } from "./words.ts";

type PathSetting = (typeof MOUNT_SETTINGS | typeof EXEC_SETTINGS)[number];

/** `files` in the order in which systemd reads them: the unit's own, then its drop-ins by file name. `unit` has its suffix. */
export function fromFiles(unit: string, files: readonly UnitFile[]): Unit {
  const environment = new Map<string, EnvironmentEntry>();
  const environmentFiles: EnvironmentFile[] = [];
  const unset: string[] = [];
  const pass: string[] = [];
  const searchPath: string[] = [];
  const commands: ExecCommand[] = [];
  const bounding: string[] = [];
  const helpers = new Map<string, ExecCommand[]>(HELPER_SETTINGS.map((name) => [name, []]));
  const own = unit.endsWith(".socket") ? "Socket" : "Service";
  const listens: Listen[] = [];
  const paths = new Map<PathSetting, string[]>();
  const single: Record<string, string | undefined> = {};
  const known: Readonly<Record<string, (value: string) => unknown>> = {
    Environment: (value) => {
      if (value === "") environment.clear();
      for (const entry of assignments(value, unit)) environment.set(entry.name, entry);
    },
    EnvironmentFile: (value) => extend(environmentFiles, value, [environmentFile(value, unit)]),
    ExecSearchPath: (value) => extend(searchPath, value, (expand(value, unit) ?? "").split(":").filter(Boolean)),
    UnsetEnvironment: (value) => extend(unset, value, expanded(value, unit)),
    PassEnvironment: (value) => extend(pass, value, expanded(value, unit)),
    [BOUNDING_SET]: (value) => bounding.push(value),
    ExecStart: (value) => extend(commands, value, commandsOf(value, unit)),
  };
  for (const { section, key, value } of files.flatMap(({ text }) => settingsOf(text))) {
    const list = mountSetting(key) ?? EXEC_SETTINGS.find((name) => name === key);
    if (section === "Socket" && key.startsWith("Listen")) extend(listens, value, listened(key, expand(value, unit)));
    else if (section !== own) continue;
    else if (helpers.has(key)) extend(helpers.get(key) ?? [], value, commandsOf(value, unit));
    else if (Object.hasOwn(known, key)) known[key]?.(value);
    else if (list !== undefined) {
      const words = paths.get(list) ?? [];
      extend(
        words,
        value,
        splitWords(value).words.map((word) => expand(word, unit) ?? word),
      );
      paths.set(list, words);
    } else if (SINGLE.has(key)) single[key] = value === "" ? undefined : (expand(value, unit) ?? single[key]);
    else if (key === PROFILE_SETTING) single[key] = namedProfile(expand(value, unit) ?? value);
  }
  const { RootDirectory: root } = single;
  const ownNetwork = ownNetworkOf((name) => single[name]);
  const { User: user } = single;
  const dynamicUser = /^(1|yes|y|true|t|on)$/i.test(single.DynamicUser ?? "");
  const isOrdinary = (user !== undefined || dynamicUser) && leavesNoRight((name) => single[name] ?? "");
  const ofMounts = <T>(from: (setting: (typeof MOUNT_SETTINGS)[number], word: string) => T | undefined): T[] =>
    MOUNT_SETTINGS.flatMap((name) => (paths.get(name) ?? []).flatMap((word) => from(name, word) ?? []));
  return {
    id: unit,
    names: [unit],
    loadState: files.length === 0 ? "not-found" : "loaded",
    activeState: "not loaded",
    mainPid: undefined,
    fragmentPath: files[0]?.path,
    dropInPaths: files.slice(1).map(({ path }) => path),
    environment: [...environment.values()],
    environmentFiles,
    unsetEnvironment: unset,
    passEnvironment: pass,
    rootDirectory: root === undefined || isHostRoot(root) ? undefined : root,
    rootImage: single.RootImage,
    user,
    dynamicUser,
    execStart: commands.map(({ program }) => program),
    programs: programsOf(commands),
    searchPath,
    helpers: programsOf([...helpers.values()].flat()),
    listens,
    mounted: ofMounts(mountedBy),
    execPaths: execPaths((name) => paths.get(name) ?? []),
    bindSources: ofMounts(bindSource),
    profile: single[PROFILE_SETTING],
    ownUsers: isOwnUsers(single[OWN_USERS]),
    ...(boundWithoutBinding(bounding) ? { isBound: true as const } : {}),
    ...(isOrdinary ? { leavesNoRight: true as const } : {}),
    ...(ownNetwork === undefined ? {} : { ownNetwork }),
  };
}

const SINGLE: ReadonlySet<string> = new Set([
  ...["RootDirectory", "RootImage", "User", "DynamicUser", OWN_USERS],
  ...NETWORK_SETTINGS,
  ...RIGHT_SETTINGS,
]);

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
  return path?.startsWith("/") || path?.startsWith("%") ? { path, optional } : undefined;
}

function commandsOf(value: string, unit: string): readonly (ExecCommand | undefined)[] {
  return commandsIn(value).map((text) => command(text, unit));
}

/** Without the marks before it; '@' gives the program another name as its first argument. */
function command(value: string, unit: string): ExecCommand | undefined {
  const [first = "", ...rest] = splitWords(value).words;
  const marks = /^[-@:+!|]*/.exec(first)?.[0] ?? "";
  const program = expand(first.slice(marks.length), unit);
  if (program === undefined || program === "") return undefined;
  const args = rest.map((word) => expand(word, unit) ?? "");
  return { program, args: marks.includes("@") ? args.slice(1) : args };
}

function listened(key: string, value: string | undefined): readonly (Listen | undefined)[] {
  const kind = key.slice("Listen".length);
  return value === undefined || (kind !== "Stream" && kind !== "Datagram") ? [] : [writtenListen(kind, value)];
}
