// map: the ports that can be handed out as a picture, 64 to a row: free, reserved, held, stolen.
import type { Protocol } from "../core/config/types.ts";
import { ALLOCATED_PORTS } from "../core/mechanism.ts";
import { counted } from "../core/text.ts";
import type { Coverage, PortHold, PortState } from "../coverage/coverage.ts";
import { newMemory } from "../observe/read-memory.ts";
import type { Block, Line, Report, Span, Tone } from "../report/types.ts";
import { portJson } from "./coverage/json.ts";
import { assessHost, refuseOtherRoot } from "./coverage/look.ts";
import { fewOf, holdersOf, holderText, isThief, portText } from "./coverage/words.ts";
import type { Command } from "./types.ts";

export const map: Command = (context): Report => {
  refuseOtherRoot("map", context.options);
  const { coverage } = assessHost(context, newMemory());
  return mapReport(coverage);
};

export function mapReport({ ports: all, portsLeft }: Pick<Coverage, "ports" | "portsLeft">): Report {
  const { first, last } = ALLOCATED_PORTS;
  const ports = all.filter(({ port }) => first <= port && port <= last);
  const pictures = { tcp: pictureOf(ports, "tcp"), udp: pictureOf(ports, "udp") };
  const stolen = ports.filter(({ state }) => state === "stolen");
  return {
    command: "map",
    outcome: "done",
    diagnostics: [],
    body: [
      { kind: "lines", lines: [...rowsOf("TCP", pictures.tcp), "", ...rowsOf("UDP", pictures.udp), ""] },
      legend(pictures.tcp + pictures.udp),
      { kind: "lines", lines: [...leftLines(portsLeft), ...stolen.map(theft), ...heldLines(ports)], hang: 6 },
    ],
    data: { first, last, ...pictures, left: portsLeft ?? null, ports: ports.map(portJson) },
  };
}

const ROW = 64;

/** Where the cells of a row begin, and what has to be added to the row's first port. */
const RULER_AT = 7;
const RULER = Array.from({ length: ROW / 8 }, (_, at) => `+${at * 8}`.padEnd(8))
  .join("")
  .trimEnd();

/** In the order of the legend. */
const CELLS = {
  ".": { meaning: "free", tone: "dim" },
  r: { meaning: "reserved and free", tone: "good" },
  k: { meaning: "kept by portreserve-hold for its owner, which has not got it now", tone: "good" },
  K: { meaning: "kept by portreserve-hold for its owner, and taken", tone: "strong" },
  b: { meaning: "blocked by portreserve-hold", tone: "good" },
  x: { meaning: "to be held or blocked, and is not, or not for sure", tone: "bad" },
  R: { meaning: "reserved and held, not stolen", tone: "strong" },
  h: { meaning: "held, not reserved", tone: "warn" },
  t: { meaning: "held by nobody, until the kernel forgets a connection that ended", tone: "warn" },
  "!": { meaning: "reserved and stolen", tone: "bad" },
  "?": { meaning: "held, by whom cannot be seen", tone: "warn" },
} as const satisfies Readonly<Record<string, { readonly meaning: string; readonly tone: Tone }>>;
type Cell = keyof typeof CELLS;

/** In the legend only where there are some: few hosts have any. */
const RARE: readonly Cell[] = ["k", "K", "b", "x"];

const KEPT: Readonly<Record<PortHold["kind"], Cell>> = { hold: "k", block: "b" };

/** One character for each port, the first port first. */
function pictureOf(ports: readonly PortState[], protocol: Protocol): string {
  const cells = new Map(ports.filter((port) => port.protocol === protocol).map((port) => [port.port, cellOf(port)]));
  const { first, last } = ALLOCATED_PORTS;
  return Array.from({ length: last - first + 1 }, (_, at) => cells.get(first + at) ?? ".").join("");
}

function cellOf({ state, reserved, hold }: PortState): Cell {
  switch (state) {
    case "free":
      return hold === undefined ? (reserved ? "r" : ".") : hold.state === "held" ? KEPT[hold.kind] : "x";
    case "held":
      return hold?.state === "held" && hold.kind === "hold" ? "K" : reserved ? "R" : "h";
    case "stolen":
      return "!";
    case "unknown":
      return "?";
    case "ended":
      return "t";
    default:
      return state satisfies never;
  }
}

function rowsOf(title: string, picture: string): readonly Line[] {
  const rows: Line[] = [
    [
      { text: title.padEnd(RULER_AT), tone: "strong" },
      { text: RULER, tone: "dim" },
    ],
  ];
  for (let at = 0; at < picture.length; at += ROW) {
    const first = String(ALLOCATED_PORTS.first + at).padStart(5);
    rows.push([`${first}  `, ...runsOf(picture.slice(at, at + ROW))]);
  }
  return rows;
}

/** Alike neighbours in one span. */
function runsOf(row: string): readonly Span[] {
  return (row.match(/(.)\1*/g) ?? []).map((run) => ({ text: run, tone: CELLS[run[0] as Cell].tone }));
}

function legend(pictures: string): Block {
  return {
    kind: "columns",
    rows: (Object.keys(CELLS) as Cell[]).flatMap((cell): readonly (readonly Line[])[] => {
      const count = [...pictures].filter((one) => one === cell).length;
      if (count === 0 && RARE.includes(cell)) return [];
      return [[{ text: cell, tone: CELLS[cell].tone }, String(count), CELLS[cell].meaning]];
    }),
  };
}

function leftLines(left: Coverage["portsLeft"]): readonly Line[] {
  if (left === undefined) return [];
  return [`left to hand out: ${left.tcp} tcp and ${counted(left.udp, "udp port")}`];
}

/** How many of the ports that somebody has without a reservation are named. */
const MOST_HELD = 12;

/** "h  900/udp cupsd 12, 901/tcp x 1": nobody has asked to reserve them, and a later start of their owner may find them taken. */
function heldLines(ports: readonly PortState[]): readonly Line[] {
  const held = ports.filter((port) => cellOf(port) === "h");
  if (held.length === 0) return [];
  const texts = held.map((port) => `${portText(port)} ${fewOf(holdersOf(port).map(holderText), 2)}`);
  return [[{ text: "h", tone: CELLS.h.tone }, `  ${fewOf(texts, MOST_HELD)}`]];
}

/** "631/udp  stolen by ypbind 640, reserved for cups" */
function theft(port: PortState): Line {
  const thieves = fewOf(holdersOf(port).filter(isThief).map(holderText), 3);
  const owners = port.owners.length === 0 ? "" : `, reserved for ${fewOf(port.owners, 3)}`;
  return [{ text: `${portText(port)} stolen`, tone: "bad" }, ` by ${thieves}${owners}`];
}
