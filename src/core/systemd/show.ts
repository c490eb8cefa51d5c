// What 'systemctl show' says of one service, as data.
import type { EnvironmentFile } from "./effective-unit.ts";
import { type EnvironmentEntry, parseShownEnvironment, shownWords } from "./environment.ts";

export interface UnitFacts {
  /** The unit's own name, also where an alias was asked for. */
  readonly id: string;
  /** "loaded", "not-found", "masked", "bad-setting", "error"… */
  readonly loadState: string;
  /** "active", "inactive", "failed", "activating"… */
  readonly activeState: string;
  readonly mainPid: number | undefined;
  readonly fragmentPath: string | undefined;
  /** In the order in which systemd reads them. */
  readonly dropInPaths: readonly string[];
  readonly environment: readonly EnvironmentEntry[];
  readonly environmentFiles: readonly EnvironmentFile[];
  readonly rootDirectory: string | undefined;
  readonly rootImage: string | undefined;
  readonly user: string | undefined;
  /** The programs of ExecStart=. */
  readonly execStart: readonly string[];
}

/** Undefined where the output has no Id: then it is not that of 'systemctl show'. */
export function unitFacts(output: string): UnitFacts | undefined {
  const values = properties(output);
  const single = (name: string): string | undefined => values.get(name)?.[0] || undefined;
  const id = single("Id");
  if (id === undefined) return undefined;
  const pid = Number(single("MainPID"));
  const root = single("RootDirectory");
  return {
    id,
    loadState: single("LoadState") ?? "",
    activeState: single("ActiveState") ?? "",
    mainPid: pid > 0 ? pid : undefined,
    fragmentPath: single("FragmentPath"),
    dropInPaths: shownWords(single("DropInPaths") ?? ""),
    environment: parseShownEnvironment(single("Environment") ?? ""),
    environmentFiles: (values.get("EnvironmentFiles") ?? []).flatMap(shownFile),
    rootDirectory: root === "/" ? undefined : root,
    rootImage: single("RootImage"),
    user: single("User"),
    execStart: (values.get("ExecStart") ?? []).flatMap((text) => /^\{ path=(.*?) ; argv\[\]=/.exec(text)?.[1] ?? []),
  };
}

/** Properties with several values take several lines. */
function properties(output: string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (const line of output.split("\n")) {
    const equals = line.indexOf("=");
    if (equals === -1) continue;
    const name = line.slice(0, equals);
    values.set(name, [...(values.get(name) ?? []), line.slice(equals + 1)]);
  }
  return values;
}

/** One value of EnvironmentFiles=. */
export function shownFile(text: string): EnvironmentFile[] {
  const [, path, optional] = /^(.+) \(ignore_errors=(yes|no)\)$/.exec(text) ?? [];
  return path === undefined ? [] : [{ path, optional: optional === "yes" }];
}
