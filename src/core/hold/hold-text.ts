// The compiled file of held and blocked ports, which portreserve-hold reads: its text, and what is in one.
import { type HeldPort, HOLD_LIMIT } from "./held-ports.ts";

/** What such a file begins with, whatever its version. */
export const HOLD_MARK = "portreserve-hold ";
const HEADER = `${HOLD_MARK}1`;

/**
 * ASCII, a line feed behind every line: the header, 'KIND PROTOCOL PORT' for each port in the order of `heldPorts`, and
 * 'end COUNT', by which a file that was cut short is known. Equal ports give equal bytes.
 */
export function holdText(held: readonly HeldPort[]): string {
  const lines = held.map(({ kind, protocol, port }) => `${kind} ${protocol} ${port}`);
  return [HEADER, ...lines, `end ${held.length}`, ""].join("\n");
}

/** What a file says; undefined for any other bytes than `holdText` writes for some ports. */
export function parseHoldText(bytes: Uint8Array): readonly HeldPort[] | undefined {
  const text = Buffer.from(bytes).toString("latin1");
  const rows = text.split("\n").slice(1, -2).map(parseRow);
  const held = rows.filter((row) => row !== undefined);
  const isWhole = held.length === rows.length && held.length <= HOLD_LIMIT && held.every(inOrder);
  return isWhole && holdText(held) === text ? held : undefined;
}

function parseRow(line: string): HeldPort | undefined {
  const [, kind, protocol, digits] = /^(hold|block) (tcp|udp) ([1-9]\d{0,4})$/.exec(line) ?? [];
  const port = Number(digits);
  if (kind === undefined || protocol === undefined || !(port <= 65535)) return undefined;
  return { kind: kind as HeldPort["kind"], protocol: protocol as HeldPort["protocol"], port };
}

function inOrder(one: HeldPort, at: number, all: readonly HeldPort[]): boolean {
  const before = all[at - 1];
  if (before === undefined) return true;
  return before.protocol === one.protocol ? before.port < one.port : before.protocol < one.protocol;
}
