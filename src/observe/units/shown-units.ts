// What one 'systemctl show' says of many units, as data; the values hold whatever the unit files do.
import { findEntry, PRELOAD_VARIABLE, shownWords } from "../../core/systemd/environment.ts";
import { unitFacts } from "../../core/systemd/show.ts";
import { execPrograms } from "./exec-programs.ts";
import { type Listen, shownListen } from "./listens.ts";
import {
  MOUNT_SETTINGS,
  type Mounted,
  mountedBy,
  namedProfile,
  otherRoot,
  PROFILE_SETTING,
  ROOT_SETTINGS,
} from "./other-files.ts";

export interface ShownUnit {
  readonly id: string;
  readonly names: readonly string[];
  readonly loadState: string;
  readonly activeState: string;
  readonly mainPid: number | undefined;
  /** The unit's own file. */
  readonly fragmentPath: string | undefined;
  /** In the order in which systemd reads them. */
  readonly dropInPaths: readonly string[];
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

/** Each unit once; those that are neither there nor running are left out. */
export function shownUnits(output: string): readonly ShownUnit[] {
  const units = new Map<string, ShownUnit>();
  for (const record of records(output)) {
    const unit = shownUnit(record);
    if (unit === undefined || units.has(unit.id)) continue;
    if (unit.loadState !== "not-found" || !DEAD.has(unit.activeState)) units.set(unit.id, unit);
  }
  return [...units.values()];
}

const DEAD: ReadonlySet<string> = new Set(["inactive", "failed", ""]);

interface Record {
  /** Every line but those of ExecStart. */
  readonly lines: readonly string[];
  readonly execStart: readonly string[];
}

function shownUnit({ lines, execStart }: Record): ShownUnit | undefined {
  const facts = unitFacts(lines.join("\n"));
  if (facts === undefined) return undefined;
  const names = shownWords(valuesOf(lines, "Names")[0] ?? "");
  return {
    id: facts.id,
    names: [...new Set([facts.id, ...names])],
    loadState: facts.loadState,
    activeState: facts.activeState,
    mainPid: facts.mainPid,
    fragmentPath: facts.fragmentPath,
    dropInPaths: facts.dropInPaths,
    programs: [...new Set(execStart.flatMap(programsOf))],
    listens: valuesOf(lines, "Listen").flatMap((text) => shownListen(text) ?? []),
    otherRoot: ROOT_SETTINGS.flatMap((name) =>
      valuesOf(lines, name).flatMap((value) => otherRoot(name, value) ?? []),
    )[0],
    mounted: MOUNT_SETTINGS.flatMap((name) =>
      valuesOf(lines, name)
        .flatMap(shownWords)
        .flatMap((word) => mountedBy(name, word) ?? []),
    ),
    preload: findEntry(facts.environment, PRELOAD_VARIABLE)?.value,
    profile: valuesOf(lines, PROFILE_SETTING).flatMap((value) => namedProfile(value) ?? [])[0],
  };
}

function valuesOf(lines: readonly string[], name: string): readonly string[] {
  return lines.filter((line) => line.startsWith(`${name}=`)).map((line) => line.slice(name.length + 1));
}

const EXEC = "ExecStart=";
/** systemctl writes the arguments as they are, line feeds and all, between its own fields. */
const EXEC_END = / ; status=-?[0-9]+(?:\/[^\s]*)? \}$/;

/** A blank line ends a record, unless it is one within ExecStart. */
function records(output: string): readonly Record[] {
  const lines = output.split("\n");
  const found: { lines: string[]; execStart: string[] }[] = [{ lines: [], execStart: [] }];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] as string;
    const record = found.at(-1);
    if (line.startsWith(`${EXEC}{`)) {
      const end = execEnd(lines, at);
      record?.execStart.push(
        lines
          .slice(at, end + 1)
          .join("\n")
          .slice(EXEC.length),
      );
      at = end;
    } else if (line === "") found.push({ lines: [], execStart: [] });
    else record?.lines.push(line);
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

function programsOf(text: string): readonly string[] {
  const [, program, args] = /^\{ path=(.*?) ; argv\[\]=(.*) ; ignore_errors=/s.exec(text) ?? [];
  return program === undefined || program === "" ? [] : execPrograms(program, (args ?? "").split(" ").slice(1));
}
