// The reserved ports in columns, with who holds each now.
import { counted } from "../../core/text.ts";
import type { PortState } from "../../coverage/coverage.ts";
import { spansOf } from "../../report/fold.ts";
import type { Block, Line, Span } from "../../report/types.ts";
import { portText } from "../coverage/words.ts";
import { portScreen } from "./port-screen.ts";
import { flagsOf, HEADING, heldText, isWorthARow, ownersOf } from "./port-words.ts";

/** With more than these, the free ones are counted rather than listed. */
const MOST_ROWS = 40;

/** `tableInForce`: otherwise nothing is in the table, and saying so of each port is idle. */
export function portBlocks(ports: readonly PortState[], tableInForce: boolean, verbose: boolean): readonly Block[] {
  const reserved = ports.filter((port) => port.reserved || port.hold !== undefined || port.state === "stolen");
  if (reserved.length === 0) return [{ kind: "lines", lines: ["no port is reserved"] }];
  const all = verbose || reserved.length <= MOST_ROWS;
  const shown = all ? reserved : reserved.filter((port) => isWorthARow(port, tableInForce));
  const left = reserved.length - shown.length;
  const piped: readonly Block[] = [
    ...(shown.length === 0
      ? []
      : [{ kind: "columns", heading: HEADING, rows: shown.map((port) => row(port, tableInForce)) } as const]),
    ...(left === 0
      ? []
      : [{ kind: "lines", lines: [`${counted(left, "more port is", "more ports are")} reserved and free`] } as const]),
  ];
  return verbose ? piped : [{ kind: "forms", screen: [portScreen(reserved, tableInForce)], piped }];
}

function row(port: PortState, tableInForce: boolean): readonly Line[] {
  const cells: Line[] = [portText(port), ownersOf(port), heldText(port)];
  const flags = flagsOf(port, tableInForce);
  const cell = flags.flatMap((flag, at): readonly Span[] => [at === 0 ? "" : ", ", ...spansOf(flag)]);
  return flags.length === 0 ? cells : [...cells, cell];
}
