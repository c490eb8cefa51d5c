// What migrate says: what was found, what is done about it, and what is left to the administrator.
import type { Reservation } from "../../core/config/types.ts";
import { SERVICE_UNIT } from "../../core/systemd/unit-texts.ts";
import { counted, enumerate, fileName, quote } from "../../core/text.ts";
import type { OldDaemon, OldProcess } from "../../observe/old-daemon/read-old-daemon.ts";
import type { Json, Line, Message } from "../../report/types.ts";
import type { AssessedHost } from "../coverage/look.ts";
import type { Step } from "./plan.ts";

export function foundLines({ programs, scripts, links, units, processes }: OldDaemon): readonly Line[] {
  const files = [...programs, ...scripts, ...units];
  return [
    ...(files.length === 0 ? [] : [`found: ${enumerate(files.map(quote))}`]),
    ...(links.length === 0
      ? []
      : [
          `found: ${counted(links.length, "link")} that ${links.length === 1 ? "starts" : "start"} it, such as ${quote(links[0] ?? "")}`,
        ]),
    ...processes.map((process) => `found: ${processText(process)}`),
  ];
}

function processText({ pid, program, unit }: OldProcess): string {
  return `process ${pid}, ${quote(program)}${unit === undefined ? "" : `, of ${quote(unit)}`}`;
}

/** Before it is done. */
export function plannedLine(step: Step): string {
  switch (step.kind) {
    case "mask":
    case "disable":
    case "stop":
      return `would ${step.kind} ${quote(step.unit)}`;
    case "end":
      return `would end process ${step.process.pid} by SIGTERM`;
    case "rename":
      return `would rename ${quote(step.from)} to ${quote(fileName(step.to))}`;
    case "run":
      return `would let ${quote(step.unit)} run, which systemd takes the old daemon for`;
    default:
      return step satisfies never;
  }
}

export function doneLine(step: Step): string {
  switch (step.kind) {
    case "mask":
      return `masked: ${quote(step.unit)}; 'systemctl unmask ${step.unit}' undoes it`;
    case "disable":
      return `disabled: ${quote(step.unit)}; 'systemctl enable ${step.unit}' undoes it`;
    case "stop":
      return `stopped: ${quote(step.unit)}`;
    case "end":
      return `ended: ${processText(step.process)}`;
    case "rename":
      return `renamed: ${quote(step.from)} to ${quote(fileName(step.to))}`;
    case "run":
      return `started: ${quote(step.unit)}, which compiles what has changed`;
    default:
      return step satisfies never;
  }
}

/** What the administrator has to know of those who still call portrelease, and of the package. */
export function leftMessages({ callers, isPackaged, programs }: OldDaemon): readonly Message[] {
  const needing = callers.filter(({ call }) => call === "needed").map(({ file }) => file);
  return [
    ...(callers.length === 0
      ? []
      : [
          note(
            `${some(callers.map(({ file }) => file))} ${callers.length === 1 ? "calls" : "call"} portrelease, which then does nothing and succeeds`,
          ),
        ]),
    ...needing.map(
      (file): Message => ({
        severity: "warning",
        message: `${quote(file)} has its unit fail once portrelease is gone with the old daemon's package`,
        hint: "before that, take the line out, or write '-' before its path",
      }),
    ),
    ...(isPackaged && programs.length > 0
      ? [
          note(
            "the old daemon's files are still there; nothing needs them",
            needing.length === 0 ? "'sudo apt-get remove portreserve' takes them away" : undefined,
          ),
        ]
      : []),
  ];
}

/** Programs that were there before the shim do not have it: with the daemon's end they can take what it still holds. */
export function uncoveredMessages({ coverage }: AssessedHost): readonly Message[] {
  const running = coverage.allocators.filter(({ kind, verdict }) => kind !== "program" && verdict === "not covered");
  const count = running.reduce((sum, one) => sum + one.count, 0);
  if (count === 0) return [];
  const message = `${counted(count, "allocator")} that ${count === 1 ? "is" : "are"} running ${count === 1 ? "is" : "are"} not covered, and can take a port that the old daemon lets go`;
  return [{ severity: "warning", message, hint: "'portreservectl status' says which, and what helps" }];
}

/** What the daemon of old read in another way, and no diagnostic speaks of. */
export function rangeMessages(reservations: readonly Reservation[]): readonly Message[] {
  const lines = new Map<string, Set<number>>();
  for (const { file, line, port } of reservations) {
    const place = `${file}:${line}`;
    lines.set(place, (lines.get(place) ?? new Set()).add(port));
  }
  return [...lines]
    .filter(([, ports]) => ports.size > 1)
    .map(([place, ports]) => {
      const [first, last] = [Math.min(...ports), Math.max(...ports)];
      return note(`${quote(place)} reserves ${first} to ${last}; the old daemon held ${first} alone`);
    });
}

/** With our unit away, its own is found again. */
export function comesBack({ scripts, units }: Pick<OldDaemon, "scripts" | "units">): boolean {
  return scripts.length > 0 || units.some((file) => fileName(file) === SERVICE_UNIT);
}

function note(message: string, hint?: string): Message {
  return { severity: "note", message, ...(hint === undefined ? {} : { hint }) };
}

const MOST_NAMED = 3;

function some(files: readonly string[]): string {
  const named = files.slice(0, MOST_NAMED).map(quote);
  return enumerate(files.length > MOST_NAMED ? [...named, `${files.length - MOST_NAMED} more`] : named);
}

export function foundJson({ programs, scripts, links, units, processes, callers }: OldDaemon): Json {
  return {
    programs: [...programs],
    scripts: [...scripts],
    links: [...links],
    units: [...units],
    processes: processes.map(({ pid, program, unit }) => ({ pid, program, unit: unit ?? null })),
    callers: callers.map(({ file, call }) => ({ file, needed: call === "needed" })),
  };
}

export function stepJson(step: Step, isDone: boolean): Json {
  const of = (unit: string | null, pid: number | null, from: string | null, to: string | null): Json => ({
    action: step.kind,
    unit,
    pid,
    from,
    to,
    done: isDone,
  });
  switch (step.kind) {
    case "end":
      return of(step.process.unit ?? null, step.process.pid, null, null);
    case "rename":
      return of(null, null, step.from, step.to);
    default:
      return of(step.unit, null, null, null);
  }
}
