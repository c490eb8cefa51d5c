// Units as 'systemctl show' prints them; the values hold whatever the unit files do.

import { BOUNDING_SET, boundWithoutBinding } from "./bounding-set.ts";
import { parseShownEnvironment, shownWords } from "./environment.ts";
import { type ExecCommand, HELPER_SETTINGS, programsOf } from "./exec-programs.ts";
import { shownListen } from "./listens.ts";
import {
  bindSource,
  EXEC_SETTINGS,
  execPaths,
  isHostRoot,
  MOUNT_SETTINGS,
  mountedBy,
  namedProfile,
  PROFILE_SETTING,
  ROOT_SETTINGS,
} from "./mounts.ts";
import { leavesNoRight, RIGHT_SETTINGS } from "./ordinary-user.ts";
import { NETWORK_SETTINGS, ownNetworkOf } from "./own-network.ts";
import type { EnvironmentFile, Unit } from "./unit.ts";
import { isOwnUsers, OWN_USERS } from "./user-namespace.ts";

/** What is asked of systemd about every service and socket. */
export const ASKED_OF_UNITS: readonly string[] = [
  ...["Id", "Names", "LoadState", "ActiveState", "MainPID", "FragmentPath", "DropInPaths", "Listen", "Environment"],
  ...["ExecStart", ...HELPER_SETTINGS, "ExecSearchPath", ...ROOT_SETTINGS, ...MOUNT_SETTINGS, ...EXEC_SETTINGS],
  ...[PROFILE_SETTING, OWN_USERS, ...NETWORK_SETTINGS, "User", "DynamicUser", BOUNDING_SET, ...RIGHT_SETTINGS],
  "NeedDaemonReload",
];

/** One for each record that has an Id: a text without any is not that of 'systemctl show'. */
export function fromShow(output: string): readonly Unit[] {
  return records(output).flatMap((record) => unitOf(record) ?? []);
}

/** Each unit once; those that are neither there nor running are left out. */
export function present(units: readonly Unit[]): readonly Unit[] {
  const found = new Map<string, Unit>();
  for (const unit of units) {
    const isThere = unit.loadState !== "not-found" || !DEAD.has(unit.activeState);
    if (isThere && !found.has(unit.id)) found.set(unit.id, unit);
  }
  return [...found.values()];
}

const DEAD: ReadonlySet<string> = new Set(["inactive", "failed", ""]);

/** The values of each property: some have several, on a line each. */
type Properties = ReadonlyMap<string, readonly string[]>;

function unitOf(properties: Properties): Unit | undefined {
  const all = (name: string): readonly string[] => properties.get(name) ?? [];
  const single = (name: string): string | undefined => all(name)[0] || undefined;
  const words = (name: string): readonly string[] => all(name).flatMap(shownWords);
  const id = single("Id");
  if (id === undefined) return undefined;
  const pid = Number(single("MainPID"));
  const root = single("RootDirectory");
  const ownNetwork = ownNetworkOf(single);
  const [user, dynamicUser] = [single("User"), single("DynamicUser") === "yes"];
  const isFresh = single("NeedDaemonReload") === "no";
  const isOrdinary = (user !== undefined || dynamicUser) && leavesNoRight((name) => all(name)[0]);
  const commands = all("ExecStart").flatMap(commandOf);
  return {
    id,
    names: [...new Set([id, ...words("Names")])],
    loadState: single("LoadState") ?? "",
    activeState: single("ActiveState") ?? "",
    mainPid: pid > 0 ? pid : undefined,
    fragmentPath: single("FragmentPath"),
    dropInPaths: words("DropInPaths"),
    environment: parseShownEnvironment(single("Environment") ?? ""),
    environmentFiles: all("EnvironmentFiles").flatMap(shownFile),
    unsetEnvironment: words("UnsetEnvironment"),
    passEnvironment: words("PassEnvironment"),
    rootDirectory: root === undefined || isHostRoot(root) ? undefined : root,
    rootImage: single("RootImage"),
    user,
    dynamicUser,
    execStart: commands.map(({ program }) => program),
    programs: programsOf(commands),
    searchPath: words("ExecSearchPath"),
    helpers: programsOf(HELPER_SETTINGS.flatMap((name) => all(name).flatMap(commandOf))),
    listens: all("Listen").flatMap((text) => shownListen(text) ?? []),
    mounted: MOUNT_SETTINGS.flatMap((name) => words(name).flatMap((word) => mountedBy(name, word) ?? [])),
    execPaths: execPaths(words),
    bindSources: MOUNT_SETTINGS.flatMap((name) => words(name).flatMap((word) => bindSource(name, word) ?? [])),
    profile: all(PROFILE_SETTING).flatMap((value) => namedProfile(value) ?? [])[0],
    ownUsers: isOwnUsers(single(OWN_USERS)),
    ...(isFresh && boundWithoutBinding(all(BOUNDING_SET)) ? { isBound: true as const } : {}),
    ...(isFresh && isOrdinary ? { leavesNoRight: true as const } : {}),
    ...(ownNetwork === undefined ? {} : { ownNetwork }),
  };
}

/** One value of EnvironmentFiles=. */
export function shownFile(text: string): EnvironmentFile[] {
  const [, path, optional] = /^(.+) \(ignore_errors=(yes|no)\)$/.exec(text) ?? [];
  return path === undefined ? [] : [{ path, optional: optional === "yes" }];
}

const EXEC = /^Exec[A-Za-z]+=\{/;
/** systemctl writes the arguments as they are, line feeds and all, between its own fields. */
const EXEC_END = / ; status=-?[0-9]+(?:\/[^\s]*)? \}$/;

/** A blank line ends a record, unless it is one within a command. */
function records(output: string): readonly Properties[] {
  const lines = output.split("\n");
  const found: Map<string, string[]>[] = [new Map()];
  for (let at = 0; at < lines.length; at += 1) {
    let line = lines[at] as string;
    if (EXEC.test(line)) {
      const end = execEnd(lines, at);
      line = lines.slice(at, end + 1).join("\n");
      at = end;
    }
    const equals = line.indexOf("=");
    const record = found.at(-1) as Map<string, string[]>;
    if (line === "") found.push(new Map());
    else if (equals !== -1) {
      const name = line.slice(0, equals);
      record.set(name, [...(record.get(name) ?? []), line.slice(equals + 1)]);
    }
  }
  return found;
}

/** The line itself where none looks like the end. */
function execEnd(lines: readonly string[], start: number): number {
  for (let at = start; at < lines.length && at - start < LONGEST; at += 1) {
    if (EXEC_END.test(lines[at] as string)) return at;
  }
  return start;
}

/** Lines; systemd takes no setting that is longer than a megabyte, but scripts in unit files are short. */
const LONGEST = 1000;

function commandOf(text: string): readonly ExecCommand[] {
  const [, program, args] = /^\{ path=(.*?) ; argv\[\]=(.*) ; ignore_errors=/s.exec(text) ?? [];
  return program === undefined || program === "" ? [] : [{ program, args: (args ?? "").split(" ").slice(1) }];
}
