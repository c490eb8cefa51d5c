// The reserved ports for a person before a terminal: one by one, and where an owner has many free ones these together.
import { counted, groupsOf, unique } from "../../core/text.ts";
import type { PortState } from "../../coverage/coverage.ts";
import { spansOf } from "../../report/fold.ts";
import type { Block, Line, Span } from "../../report/types.ts";
import { portText } from "../coverage/words.ts";
import { flagsOf, HEADING, heldText, isWorthARow, NOBODY, ownersOf } from "./port-words.ts";

/** So many free ports of an owner have rows of their own. */
const FEW = 2;

/** For a person: one row for each port in their order, and below them those that are free, all of one owner in one row. */
export function portScreen(reserved: readonly PortState[], tableInForce: boolean): Block {
  const free = reserved.filter((port) => port.reserved && !isWorthARow(port, tableInForce));
  const idle = groupsOf(free, ({ owners, hold }) => JSON.stringify([owners, hold?.kind]));
  const many = idle.filter((alike) => alike.length > FEW);
  const folded = many.flat();
  return {
    kind: "columns",
    heading: HEADING,
    rows: [
      ...reserved.filter((port) => !folded.includes(port)).map((port) => screenRow(port, tableInForce)),
      ...many.map((alike): readonly Line[] => [
        counted(alike.length, "port"),
        ownersOf(alike[0]),
        `${holdersText(alike[0])}: ${portsText(alike)}`,
      ]),
    ],
  };
}

function screenRow(port: PortState, tableInForce: boolean): readonly Line[] {
  const [first, ...others] = flagsOf(port, tableInForce);
  const holders = holdersText(port);
  const more = others.flatMap((flag): readonly Span[] => [", ", ...spansOf(flag)]);
  const held: readonly Span[] =
    port.state === "stolen"
      ? [...spansOf(first ?? ""), ` by ${holders}`, ...more]
      : port.state === "unknown"
        ? [...spansOf(first ?? ""), `: ${holders}`, ...more]
        : [holders, ...(first === undefined ? [] : [", ", ...spansOf(first)]), ...more];
  return [portText(port), ownersOf(port), held];
}

function holdersText(port: PortState): string {
  const holders = heldText(port);
  return holders === NOBODY ? "nobody" : holders;
}

/** "631, 636 tcp and udp, 873 tcp" */
function portsText(ports: readonly PortState[]): string {
  const byPort = groupsOf(ports, ({ port }) => String(port));
  const byProtocols = groupsOf(byPort, (states) => unique(states.map(({ protocol }) => protocol)).join(" and "));
  return byProtocols
    .map((same) => {
      const protocols = unique(same[0].map(({ protocol }) => protocol)).join(" and ");
      return `${same.map(([{ port }]) => port).join(", ")} ${protocols}`;
    })
    .join(", ");
}
