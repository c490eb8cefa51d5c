// What a unit's own files say it starts and listens on, where systemd has not loaded it or does not run.
import { assignments } from "../../core/systemd/effective-unit.ts";
import { findEntry, PRELOAD_VARIABLE } from "../../core/systemd/environment.ts";
import { expand } from "../../core/systemd/specifiers.ts";
import { settingsOf, type UnitFile } from "../../core/systemd/unit-file.ts";
import { splitWords } from "../../core/systemd/words.ts";
import { execPrograms } from "./exec-programs.ts";
import { type Listen, writtenListen } from "./listens.ts";
import {
  MOUNT_SETTINGS,
  type Mounted,
  mountedBy,
  namedProfile,
  otherRoot,
  PROFILE_SETTING,
  ROOT_SETTINGS,
} from "./other-files.ts";

export interface WrittenUnit {
  /** As ExecStart= writes them: systemd allows names without a folder. */
  readonly programs: readonly string[];
  readonly listens: readonly Listen[];
  /** "RootDirectory=/srv/jail" */
  readonly otherRoot: string | undefined;
  readonly mounted: readonly Mounted[];
  /** LD_PRELOAD, as Environment= sets it. */
  readonly preload: string | undefined;
  /** The AppArmor profile that its programs are put into. */
  readonly profile: string | undefined;
}

/** `files` in the order in which systemd reads them: the unit's own, then its drop-ins. `unit` has its suffix. */
export function writtenUnit(unit: string, files: readonly UnitFile[]): WrittenUnit {
  const programs: string[] = [];
  const listens: Listen[] = [];
  let preload: string | undefined;
  let profile: string | undefined;
  const roots = new Map<string, string | undefined>();
  const mounted = new Map<string, readonly Mounted[]>();
  for (const { section, key, value } of files.flatMap(({ text }) => settingsOf(text))) {
    if (section === "Service" && key === "ExecStart") {
      if (value === "") programs.length = 0;
      else programs.push(...started(value, unit));
    } else if (section === "Socket" && key.startsWith("Listen")) {
      if (value === "") listens.length = 0;
      else listens.push(...listened(key, expand(value, unit)));
    } else if (section === "Service") {
      const root = ROOT_SETTINGS.find((name) => name === key);
      const list = MOUNT_SETTINGS.find((name) => name === key);
      if (key === "Environment") {
        preload = value === "" ? undefined : (findEntry(assignments(value, unit), PRELOAD_VARIABLE)?.value ?? preload);
      }
      if (key === PROFILE_SETTING) profile = namedProfile(expand(value, unit) ?? value);
      if (root !== undefined) roots.set(root, otherRoot(root, expand(value, unit) ?? value));
      // An empty value takes back all that was there before.
      if (list !== undefined) {
        mounted.set(list, value === "" ? [] : [...(mounted.get(list) ?? []), ...mountedIn(list, value, unit)]);
      }
    }
  }
  return {
    programs: [...new Set(programs)],
    listens,
    otherRoot: ROOT_SETTINGS.flatMap((name) => roots.get(name) ?? [])[0],
    mounted: MOUNT_SETTINGS.flatMap((name) => mounted.get(name) ?? []),
    preload,
    profile,
  };
}

function started(value: string, unit: string): readonly string[] {
  const [first = "", ...rest] = splitWords(value).words.map((word) => expand(word, unit) ?? "");
  const marks = /^[-@:+!|]*/.exec(first)?.[0] ?? "";
  const program = first.slice(marks.length);
  return program === "" ? [] : execPrograms(program, marks.includes("@") ? rest.slice(1) : rest);
}

function mountedIn(list: (typeof MOUNT_SETTINGS)[number], value: string, unit: string): readonly Mounted[] {
  return splitWords(value).words.flatMap((word) => mountedBy(list, expand(word, unit) ?? word) ?? []);
}

function listened(key: string, value: string | undefined): readonly Listen[] {
  const kind = key.slice("Listen".length);
  if (value === undefined || (kind !== "Stream" && kind !== "Datagram")) return [];
  const listen = writtenListen(kind, value);
  return listen === undefined ? [] : [listen];
}
