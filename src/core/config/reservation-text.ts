// The text of a reservation file for a service: what it is called, and what has to be added to it.
import { Buffer } from "node:buffer";
import type { Protocol } from "./types.ts";

export interface WantedPort {
  readonly port: number;
  readonly protocol: Protocol;
}

/** The file's name for a unit: without its suffix and instance, and without what such a name may not have in it. */
export function ownerOfUnit(unit: string): string {
  const base = unit.replace(/\.(service|socket)$/, "").replace(/@.*$/, "");
  return base.replace(/[^A-Za-z0-9_:-]/g, "-");
}

/** The old text with a line for each of `missing`; the same bytes where nothing is. A new file says who wrote it. */
export function withPorts(old: Uint8Array | undefined, unit: string, missing: readonly WantedPort[]): Uint8Array {
  if (old !== undefined && missing.length === 0) return old;
  const head = old === undefined ? Buffer.from(`# written by 'portreservectl reserve ${unit}'\n`) : Buffer.from(old);
  const gap = head.length > 0 && head[head.length - 1] !== LINE_FEED ? "\n" : "";
  const lines = missing.map(({ port, protocol }) => `${port}/${protocol}\n`).join("");
  return Buffer.concat([head, Buffer.from(`${gap}${lines}`)]);
}

const LINE_FEED = 0x0a;
