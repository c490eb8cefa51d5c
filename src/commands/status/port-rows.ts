// The reserved ports in columns, with who holds each now.
import { counted } from "../../core/text.ts";
import type { PortState } from "../../coverage/coverage.ts";

import type { Block, Line } from "../../report/types.ts";
import { fewOf, holdersOf, holderText, holdLine as holdFlag, portText } from "../coverage/words.ts";

/** With more than these, the free ones are counted rather than listed. */
const MOST_ROWS = 40;
const MOST_HOLDERS = 3;

/** `tableInForce`: otherwise nothing is in the table, and saying so of each port is idle. */
export function portBlocks(ports: readonly PortState[], tableInForce: boolean, verbose: boolean): readonly Block[] {
  const reserved = ports.filter((port) => port.reserved || port.hold !== undefined || port.state === "stolen");
  if (reserved.length === 0) return [{ kind: "lines", lines: ["no port is reserved"] }];
  const all = verbose || reserved.length <= MOST_ROWS;
  const shown = all ? reserved : reserved.filter((port) => isWorthARow(port, tableInForce));
  const left = reserved.length - shown.length;
  const heading = ["PORT", "RESERVED FOR", "HELD BY"];
  return [
    ...(shown.length === 0
      ? []
      : [{ kind: "columns", heading, rows: shown.map((port) => row(port, tableInForce)) } as const]),
    ...(left === 0
      ? []
      : [{ kind: "lines", lines: [`${counted(left, "more port is", "more ports are")} reserved and free`] } as const]),
  ];
}

function row(port: PortState, tableInForce: boolean): readonly Line[] {
  const cells: Line[] = [
    portText(port),
    port.owners.length > 0 ? fewOf(port.owners, MOST_HOLDERS) : NOBODY + (port.reserved ? " (only in the table)" : ""),
    heldBy(port),
  ];
  const flag = flagsOf(port, tableInForce);
  return flag === undefined ? cells : [...cells, flag];
}

/** "portreserve-hold, owner cupsd 1201"; without a hold "cupsd 1201", and "–" for a free port. */
function heldBy(port: PortState): string {
  const { hold } = port;
  if (hold?.state !== "held") return takenBy(port);
  const others = takenBy(port);
  if (hold.kind === "block") return others === NOBODY ? `${HOLDER}, for nobody` : `${HOLDER}, beside ${others}`;
  if (others === NOBODY) return `${HOLDER}, owner down`;
  const isOwners = port.holders.some(({ verdict }) => verdict === "owner");
  return `${HOLDER}, ${isOwners ? "owner" : "beside"} ${others}`;
}

const NOBODY = "–";
const HOLDER = "portreserve-hold";

function takenBy(port: PortState): string {
  if (port.state === "ended") return "nobody, until the kernel forgets a connection that ended";
  const holders = holdersOf(port);
  return holders.length === 0 ? NOBODY : fewOf(holders.map(holderText), MOST_HOLDERS);
}

function isWorthARow({ state, inTable, hold }: PortState, tableInForce: boolean): boolean {
  return state !== "free" || (tableInForce && !inTable) || (hold !== undefined && hold.state !== "held");
}

function flagsOf(port: PortState, tableInForce: boolean): Line | undefined {
  const { state, inTable, reserved, hold } = port;
  const flags: Line[] = [];
  if (state === "stolen") flags.push({ text: "STOLEN", tone: "bad" });
  if (state === "unknown") flags.push({ text: "unknown", tone: "warn" });
  if (tableInForce && !inTable && reserved) flags.push({ text: "not in the table", tone: "warn" });
  if (hold !== undefined && hold.state !== "held") flags.push(holdFlag(hold));
  return flags.length === 0
    ? undefined
    : (flags.flatMap((flag, at) => (at === 0 ? [flag] : [", ", flag])).flat() as Line);
}
