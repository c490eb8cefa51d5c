// What install and uninstall with --unit do to services that run, and what they say of them.
import type { ShimKind } from "../../core/systemd/drop-in-wanted.ts";
import { enumerate } from "../../core/text.ts";
import { processesOf } from "../../observe/units/read-unit-processes.ts";
import { hasMapped, soonHasMapped } from "../../observe/units/read-unit-texts.ts";
import type { Message } from "../../report/types.ts";
import { tryRestart } from "../../system/host/systemd.ts";
import { HIGH_FILE, SHIM_FILE } from "../../system/paths.ts";
import { expectDone } from "./expect-done.ts";

/**
 * Restarts whatever of `service` runs, each instance of a template by its own name. `onRestart` is called before each.
 * Gives the processes that ran. Throws AppError.
 */
export function restartRunning(service: string, onRestart: (unit: string) => void): ReadonlySet<number> {
  const running = processesOf(service);
  for (const unit of running.keys()) {
    onRestart(unit);
    expectDone(tryRestart(unit));
  }
  return new Set([...running.values()].flat());
}

/** What stands first in its processes: its file, and what it is called. */
const LIBRARIES = {
  shim: { file: SHIM_FILE, name: "shim" },
  high: { file: HIGH_FILE, name: "high-ports library" },
} as const;

/** `before`: the processes that a restart was to end; undefined where nothing was restarted. */
export function coverNotes(
  service: string,
  before: ReadonlySet<number> | undefined,
  kind: ShimKind,
): readonly Message[] {
  const notes = [...processesOf(service)].flatMap(([unit, pids]) => coverNote(unit, pids, before, kind) ?? []);
  if (notes.length > 0) return notes;
  return [{ severity: "note", message: `'${service}' is not running; it is covered when it starts` }];
}

function coverNote(
  unit: string,
  pids: readonly number[],
  before: ReadonlySet<number> | undefined,
  kind: ShimKind,
): Message | undefined {
  const { file, name } = LIBRARIES[kind];
  const having = mappedIn(pids, file, before !== undefined);
  const kept = kind === "shim" && before === undefined ? highOf(pids) : [];
  if (kept.length > 0) {
    const hint = `'systemctl restart ${unit}', or run it again with --now`;
    return { severity: "note", message: `'${unit}' keeps the high-ports library until it is restarted`, hint };
  }
  const [withIt, without] = [true, false].map((wanted) => pids.filter((pid) => having.get(pid) === wanted));
  if (without === undefined || withIt === undefined || withIt.length + without.length === 0) return undefined;
  if (without.length === 0) {
    return {
      severity: "note",
      message: `'${unit}' is covered: ${processWords(withIt)} ${withIt.length === 1 ? "has" : "have"} the ${name}`,
    };
  }
  if (before === undefined) {
    const hint = `'systemctl restart ${unit}', or run it again with --now`;
    return { severity: "note", message: `'${unit}' runs without the ${name} until it is restarted`, hint };
  }
  const left = without.filter((pid) => before.has(pid));
  if (left.length > 0) return leftBehind(unit, left, `without the ${name}`);
  const hint = "a wrapper may empty the environment: see 'systemctl cat', and cover it with the preload list instead";
  const lack = `${without.length === 1 ? "does" : "do"} not have the ${name}`;
  return { severity: "warning", message: `'${unit}' was restarted, and ${processWords(without)} ${lack}`, hint };
}

/** `had`: what its drop-in gave. */
export function releaseNotes(
  service: string,
  before: ReadonlySet<number> | undefined,
  had: ShimKind,
): readonly Message[] {
  const { file, name } = LIBRARIES[had];
  const notes = [...processesOf(service)].map(([unit, pids]): Message => {
    const having = mappedIn(pids, file, false);
    const still = pids.filter((pid) => having.get(pid) === true && before?.has(pid) !== false);
    if (still.length > 0 && before !== undefined) return leftBehind(unit, still, `with the ${name}`);
    if (still.length === 0) return released(unit);
    return { severity: "note", message: `'${unit}' keeps the ${name} until it is restarted` };
  });
  return notes.length > 0 ? notes : [released(service)];
}

function highOf(pids: readonly number[]): readonly number[] {
  const having = mappedIn(pids, HIGH_FILE, false);
  return pids.filter((pid) => having.get(pid) === true);
}

function released(unit: string): Message {
  return { severity: "note", message: `'${unit}' is no longer covered by a drop-in` };
}

/** What its settings keep systemd from ending (KillMode=, SendSIGKILL=), and what is ending by itself. */
export function leftBehind(unit: string, pids: readonly number[], how: string): Message {
  const verb = pids.length === 1 ? "goes" : "go";
  return {
    severity: "warning",
    message: `the restart of '${unit}' did not end ${processWords(pids)}, which ${verb} on ${how}`,
    hint: `end ${pids.length === 1 ? "it" : "them"} with 'kill ${pids.join(" ")}'`,
  };
}

/** Whether each of them has it; nothing of those that have ended. `waits`: systemd has only just started them. */
export function mappedIn(pids: readonly number[], file: string, waits: boolean): ReadonlyMap<number, boolean> {
  const found = new Map<number, boolean>();
  let waiting = waits;
  for (const pid of pids) {
    const mapped = (waiting ? soonHasMapped : hasMapped)(pid, file);
    // One of them has had its time, and so have the others.
    if (mapped === false) waiting = false;
    if (mapped !== undefined) found.set(pid, mapped);
  }
  return found;
}

const MOST_NAMED = 4;

export function processWords(pids: readonly number[]): string {
  if (pids.length === 1) return `its process ${pids[0]}`;
  return pids.length > MOST_NAMED ? `${pids.length} of its processes` : `its processes ${enumerate(pids.map(String))}`;
}
