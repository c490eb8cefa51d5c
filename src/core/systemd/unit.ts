// One unit of systemd's as data: the same fields whether systemd was asked (from-show.ts) or its files were read (from-files.ts).
import { type EnvironmentEntry, findEntry, PRELOAD_VARIABLE } from "./environment.ts";
import type { Listen } from "./listens.ts";
import { type ExecPaths, type Mounted, ROOT_SETTINGS } from "./mounts.ts";

export interface EnvironmentFile {
  /** Absolute, or begins with a specifier; may be a pattern with '*', '?' or '['. */
  readonly path: string;
  /** systemd starts the service without it, too. */
  readonly optional: boolean;
}

/** Specifiers that only a running systemd knows are in it as the files write them. What was not asked for is empty. */
export interface Unit {
  /** Its own name, also where an alias was asked for. */
  readonly id: string;
  /** Its aliases too, `id` among them. */
  readonly names: readonly string[];
  /** "loaded", "not-found", "masked", "bad-setting", "error"… */
  readonly loadState: string;
  /** "active", "inactive", "failed", "activating"…; "not loaded" where its files were read. */
  readonly activeState: string;
  readonly mainPid: number | undefined;
  /** The unit's own file. */
  readonly fragmentPath: string | undefined;
  /** In the order in which systemd reads them. */
  readonly dropInPaths: readonly string[];
  readonly environment: readonly EnvironmentEntry[];
  readonly environmentFiles: readonly EnvironmentFile[];
  /** Names, and assignments that go only with that very value. */
  readonly unsetEnvironment: readonly string[];
  readonly passEnvironment: readonly string[];
  /** Undefined for the host's own. */
  readonly rootDirectory: string | undefined;
  readonly rootImage: string | undefined;
  /** Undefined: root. */
  readonly user: string | undefined;
  /** It has a user of its own while it runs. */
  readonly dynamicUser: boolean;
  /** The program of each ExecStart=, without the marks before it: systemd allows names without a folder. */
  readonly execStart: readonly string[];
  /** `execStart`, and the programs that the scripts of its shells name; each once. */
  readonly programs: readonly string[];
  /** Where names without a folder are looked for; empty for where systemd looks for all. */
  readonly searchPath: readonly string[];
  /** The programs of ExecStartPre=, ExecReload=, ExecStop= and the like, found in the same way. */
  readonly helpers: readonly string[];
  /** Of sockets: what they listen on, ports below 1024 alone. */
  readonly listens: readonly Listen[];
  /** What it puts in the place of other files. */
  readonly mounted: readonly Mounted[];
  /** From where its programs may not run code, and from where they may in spite of that. */
  readonly execPaths: ExecPaths;
  /** The files and folders that its bind mounts show, in the same place or in another. */
  readonly bindSources: readonly string[];
  /** The AppArmor profile that its programs are put into. */
  readonly profile: string | undefined;
  /** Its programs get a user namespace of their own, but for those that are started without what confines it. */
  readonly ownUsers: boolean;
  /** Its programs never have CAP_NET_BIND_SERVICE, but for those as above; where systemd has loaded it, as its files are now. */
  readonly isBound?: true;
  /** It has a user, and no setting that may leave this user a right; where systemd has loaded it, as its files are now. */
  readonly leavesNoRight?: true;
  /** The setting that gives them a network of their own: "PrivateNetwork=yes". */
  readonly ownNetwork?: string;
}

/** LD_PRELOAD, as Environment= sets it. */
export function preloadOf({ environment }: Pick<Unit, "environment">): string | undefined {
  return findEntry(environment, PRELOAD_VARIABLE)?.value;
}

/** The setting that gives its programs another root: "RootDirectory=/srv/jail". */
export function otherRootOf({
  rootDirectory,
  rootImage,
}: Pick<Unit, "rootDirectory" | "rootImage">): string | undefined {
  const [directory, image] = ROOT_SETTINGS;
  if (rootDirectory !== undefined) return `${directory}=${rootDirectory}`;
  return rootImage === undefined ? undefined : `${image}=${rootImage}`;
}

/**
 * systemd's own names. A unit is there or runs if its LoadState or its ActiveState is one of them: `present` keeps these and
 * no others, and systemctl is asked for no more.
 */
export const PRESENT_STATES: readonly string[] = [
  ...["stub", "loaded", "bad-setting", "error", "merged", "masked"],
  ...["active", "reloading", "refreshing", "activating", "deactivating", "maintenance"],
];
