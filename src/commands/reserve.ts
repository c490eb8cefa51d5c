// reserve: the privileged ports that a unit listens on, into a file of /etc/portreserve that has its name.

import { configure } from "../core/config/configure.ts";
import { ownerOfUnit, type WantedPort, withPorts } from "../core/config/reservation-text.ts";
import type { Change } from "../core/install/change.ts";
import { mechanismFor } from "../core/mechanism.ts";
import { isUnseen } from "../core/seen.ts";
import { counted } from "../core/text.ts";
import type { HostFacts } from "../coverage/facts.ts";
import type { SocketFacts } from "../coverage/socket-facts.ts";
import { namedPorts } from "../observe/mechanisms/read-fixed.ts";
import { newMemory } from "../observe/read-memory.ts";
import { readSources } from "../observe/read-sources.ts";
import type { Json, Line, Message, Report } from "../report/types.ts";
import { AppError } from "../system/app-error.ts";
import { hostPath } from "../system/command-text.ts";
import { isFolder, lstatEntry } from "../system/files/entry.ts";
import { OWNERS_FOLDER } from "../system/paths.ts";
import { assessHost, refuseOtherRoot } from "./coverage/look.ts";
import { changesJson, diffBlock } from "./install/report.ts";
import { FIXED_UNIT_NAMES } from "./mechanisms/fixed-sources.ts";
import { needRoot } from "./need-root.ts";
import { nextStep } from "./reservations/next-step.ts";
import { asksForPorts, reservePorts } from "./reservations/reserve-ports.ts";
import { applyFiles } from "./reservations/write.ts";
import { asRootCommand, type ThisCommand } from "./this-command.ts";
import type { Command, Context, Options } from "./types.ts";
import { underLock } from "./under-lock.ts";

export const reserve: Command = async (context): Promise<Report> => {
  refuseOtherRoot("reserve", context.options);
  if (!context.options.dryRun) needRoot(context);
  if (asksForPorts(context.args)) return reservePorts(context);
  const { facts, coverage } = assessHost(context, newMemory());
  const found = listenerCalled(context, facts);
  if ("message" in found) return said(context.options, found, "no", null);
  if (found.ports.length === 0 && found.hidden !== undefined) {
    return said(context.options, { ...found.hidden, severity: "error" }, "incomplete", found.unit);
  }
  if (found.ports.length === 0) {
    const hint = "start it first, then run it again; 'ss -tulnp' shows what listens";
    const message = `'${found.unit}' listens on no privileged port`;
    return said(context.options, { severity: "error", message, hint }, "no", found.unit);
  }
  const allocates = coverage.allocators.some(({ unit }) => unit === found.unit);
  const work = (): Report => write(context, found, allocates, facts);
  return context.options.dryRun ? work() : await underLock(context, work);
};

function said(
  { dryRun }: Options,
  message: Message,
  outcome: "no" | "incomplete",
  unit: string | null,
  random: readonly WantedPort[] = [],
): Report {
  return {
    command: "reserve",
    outcome,
    diagnostics: [],
    messages: [message],
    body: [],
    data: { dryRun, result: "nothing", unit, file: null, ports: [], random: portsJson(random), changes: [] },
  };
}

function portsJson(ports: readonly WantedPort[]): Json {
  return ports.map(({ port, protocol }) => ({ port, protocol }));
}

interface Listener {
  readonly unit: string;
  /** Below 1024, ascending, tcp first. */
  readonly ports: readonly WantedPort[];
  /** That its unit files name. */
  readonly written: readonly WantedPort[];
  /** Where some of its ports may not have been found. */
  readonly hidden: Omit<Message, "severity"> | undefined;
}

function listenerCalled(command: ThisCommand, facts: HostFacts): Listener | Message {
  const [name = ""] = command.args;
  const { units, processes, sockets } = facts;
  const known = isUnseen(units) ? [] : units.filter(({ loadState }) => loadState !== "not-found");
  const wanted = /\.(service|socket)$/.test(name) ? [name] : [`${name}.service`, `${name}.socket`];
  const mine = known.filter(({ names }) => wanted.some((one) => names.includes(one)));
  const first = mine.find(({ id }) => id.endsWith(".service")) ?? mine[0];
  const unit = first?.id ?? wanted.find((one) => processes.some((process) => process.unit === one));
  if (unit === undefined && isUnseen(units)) {
    throw new AppError("incomplete", `services cannot be seen: ${units.unseen}`, `run '${asRootCommand(command)}'`);
  }
  if (unit === undefined) {
    const hint = "'systemctl list-units --type=service,socket --all' lists them";
    return { severity: "error", message: `there is no unit '${name}'`, hint };
  }
  const owner = ownerOfUnit(unit);
  const related = new Set([
    unit,
    ...mine.map(({ id }) => id),
    ...known.filter(({ id }) => ownerOfUnit(id) === owner).map(({ id }) => id),
  ]);
  const pids = new Set(processes.flatMap((process) => (related.has(process.unit ?? "") ? [process.pid] : [])));
  const open = sockets.filter(({ state }) => state === "listening" || state === "bound");
  const now = open.filter(({ holders }) => !isUnseen(holders) && holders.some((pid) => pids.has(pid)));
  const written = known.filter(({ id }) => related.has(id)).flatMap(({ listens }) => listens);
  const ports = new Map([...written, ...now].map(({ port, protocol }) => [`${port}/${protocol}`, { port, protocol }]));
  const order = (a: WantedPort, b: WantedPort): number => a.port - b.port || (a.protocol < b.protocol ? -1 : 1);
  return {
    unit,
    ports: [...ports.values()].sort(order),
    written,
    hidden: hiddenFrom(unit, open, facts, asRootCommand(command)),
  };
}

function hiddenFrom(
  unit: string,
  open: readonly SocketFacts[],
  { socketsUnseen }: HostFacts,
  again: string,
): Listener["hidden"] {
  const unseen = open.map(({ holders }) => holders).filter(isUnseen);
  const first = socketsUnseen ?? unseen[0];
  if (first === undefined) return undefined;
  const why = socketsUnseen?.unseen ?? `who holds ${counted(unseen.length, "socket")} cannot be seen`;
  const message = `'${unit}' may listen on more privileged ports: ${why}`;
  return first.rootWould ? { message, hint: `run '${again}'` } : { message };
}

function write({ options }: Context, found: Listener, allocates: boolean, facts: HostFacts): Report {
  const { unit, hidden } = found;
  const owner = ownerOfUnit(unit);
  const file = `${OWNERS_FOLDER}/${owner}`;
  const random = allocates && !options.force ? randomPorts(found, facts) : [];
  const ports = found.ports.filter((port) => !random.includes(port));
  if (ports.length === 0)
    return said(options, { ...randomMessage(unit, random), severity: "error" }, "no", unit, random);
  const wanted = ports.filter(isHandedOut);
  const changes = wanted.length === 0 ? [] : changesFor(options, { owner, file, unit }, wanted);
  if (!options.dryRun) applyFiles("/", changes);
  const result =
    wanted.length === 0 ? "nothing" : changes.length === 0 ? "unchanged" : options.dryRun ? "planned" : "written";
  const text = wanted.map(portText).join(" ");
  const lines: Line[] = ports
    .filter((port) => !wanted.includes(port))
    .map((port) => `${portText(port)} needs no reservation: ${mechanismFor(port.port).explanation}`);
  if (result === "unchanged") lines.push(`unchanged: '${file}' reserves ${text}`);
  if (result === "written") lines.push(`written: '${file}', ${text}`, nextStep(facts));
  if (result === "planned") lines.push(`${counted(wanted.length, "port")} for '${unit}': ${text}; nothing was changed`);
  return {
    command: "reserve",
    outcome: "done",
    diagnostics: [],
    messages: [
      ...(hidden === undefined ? [] : [{ ...hidden, severity: "warning" } as const]),
      ...(random.length > 0 ? [{ ...randomMessage(unit, random), severity: "warning" } as const] : []),
    ],
    body: [...(options.dryRun ? [diffBlock(changes)] : []), { kind: "lines", lines }],
    data: {
      dryRun: options.dryRun,
      result,
      unit,
      file,
      ports: ports.map((one) => ({ ...one, owner, file, mechanism: mechanismFor(one.port).name })),
      random: portsJson(random),
      changes: changesJson(changes, options.dryRun),
    },
  };
}

function isHandedOut({ port }: WantedPort): boolean {
  return mechanismFor(port).name === "preload";
}

/** Of a service that takes free ports: what no unit file, services file or reservation has chosen. */
function randomPorts({ ports, written }: Listener, { reservations }: HostFacts): readonly WantedPort[] {
  const named = namedPorts("/");
  const isSame = (one: WantedPort) => (other: WantedPort) => one.port === other.port && one.protocol === other.protocol;
  return ports.filter(
    (one) =>
      isHandedOut(one) && !named.has(one.port) && !written.some(isSame(one)) && !(reservations ?? []).some(isSame(one)),
  );
}

function randomMessage(unit: string, ports: readonly WantedPort[]): Omit<Message, "severity"> {
  const one = ports.length === 1;
  const message = `'${unit}' takes free ports itself, and nobody has chosen ${ports.map(portText).join(" ")}: its next start takes ${one ? "another" : "others"}`;
  const cure = FIXED_UNIT_NAMES.includes(unit)
    ? "run 'sudo portreservectl mechanisms apply fixed', which gives it a port of its own"
    : "give it a port of its own in its settings";
  return {
    message,
    hint: `${cure}, or use --force to reserve ${one ? "it" : "them"} as ${one ? "it is" : "they are"}`,
  };
}

function portText({ port, protocol }: WantedPort): string {
  return `${port}/${protocol}`;
}

interface Place {
  readonly owner: string;
  readonly file: string;
  readonly unit: string;
}

/** Throws AppError for a place that is no file, and for a text that would not reserve what it should. */
function changesFor(options: Options, { owner, file, unit }: Place, wanted: readonly WantedPort[]): readonly Change[] {
  const found = lstatEntry(options.root, file);
  if (found.kind !== "file" && found.kind !== "missing") {
    const hint = `see it with 'ls -l ${hostPath(options.root, file)}', and move it away`;
    throw new AppError("unsafe", `'${file}' is not a file that can be read; nothing was changed`, hint);
  }
  const { services } = readSources(options, "may miss").inputs;
  const old = found.kind === "file" ? found.bytes : undefined;
  const missingIn = (bytes: Uint8Array): readonly WantedPort[] => {
    const owners = [{ owner, path: file, bytes }];
    const { reservations } = configure({ owners, services, blacklist: undefined, problems: [] });
    return wanted.filter(
      ({ port, protocol }) => !reservations.some((row) => row.port === port && row.protocol === protocol),
    );
  };
  const missing = missingIn(old ?? new Uint8Array());
  if (missing.length === 0) return [];
  const bytes = withPorts(old, unit, missing);
  if (missingIn(bytes).length > 0) {
    throw new AppError(
      "unsafe",
      `nothing can be added to '${file}'; it was not changed`,
      "'portreservectl check' shows what is wrong with it",
    );
  }
  const folder: readonly Change[] = isFolder(options.root, OWNERS_FOLDER)
    ? []
    : [{ kind: "make-folder", path: OWNERS_FOLDER }];
  const mode = found.kind === "file" ? found.mode : 0o644;
  return [...folder, { kind: "write-file", path: file, bytes, mode, old }];
}
