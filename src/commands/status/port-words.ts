// What the columns of a reserved port say: whose it is, who holds it, and what is not as it should be.
import type { PortState } from "../../coverage/coverage.ts";
import type { Line } from "../../report/types.ts";
import { fewOf, holdersOf, holderText, holdLine as holdFlag } from "../coverage/words.ts";

const MOST_HOLDERS = 3;

export const HEADING = ["PORT", "RESERVED FOR", "HELD BY"];

export function ownersOf({ owners, reserved }: PortState): string {
  return owners.length > 0 ? fewOf(owners, MOST_HOLDERS) : NOBODY + (reserved ? " (only in the table)" : "");
}

/** "portreserve-hold, owner cupsd 1201"; without a hold "cupsd 1201", and "–" for a free port. */
export function heldText(port: PortState): string {
  const { hold } = port;
  if (hold?.state !== "held") return takenBy(port);
  const others = takenBy(port);
  if (hold.kind === "block") return others === NOBODY ? `${HOLDER}, for nobody` : `${HOLDER}, beside ${others}`;
  if (others === NOBODY) return `${HOLDER}, owner down`;
  const isOwners = port.holders.some(({ verdict }) => verdict === "owner");
  return `${HOLDER}, ${isOwners ? "owner" : "beside"} ${others}`;
}

export const NOBODY = "–";
const HOLDER = "portreserve-hold";

function takenBy(port: PortState): string {
  if (port.state === "ended") return "nobody, until the kernel forgets a connection that ended";
  const holders = holdersOf(port);
  return holders.length === 0 ? NOBODY : fewOf(holders.map(holderText), MOST_HOLDERS);
}

export function isWorthARow({ state, inTable, hold }: PortState, tableInForce: boolean): boolean {
  return state !== "free" || (tableInForce && !inTable) || (hold !== undefined && hold.state !== "held");
}

export function flagsOf(port: PortState, tableInForce: boolean): readonly Line[] {
  const { state, inTable, reserved, hold } = port;
  const flags: Line[] = [];
  if (state === "stolen") flags.push({ text: "STOLEN", tone: "bad" });
  if (state === "unknown") flags.push({ text: "unknown", tone: "warn" });
  if (tableInForce && !inTable && reserved) flags.push({ text: "not in the table", tone: "warn" });
  if (hold !== undefined && hold.state !== "held") flags.push(holdFlag(hold));
  return flags;
}
