// The text of a shim's marker: which version it is, and which table it knows; its twin that gives high ports knows none.
import { isUnseen } from "../core/seen.ts";
import type { Host } from "./host.ts";
import type { Part } from "./program-image.ts";

/** The version of the table that this manager writes: a shim that knows another one is as none. */
export const TABLE_VERSION = 1;

export interface Marker {
  readonly version: string;
  readonly table: number | "none";
}

/** Of a shim that a process has mapped. */
export function readMarker({ key, elf }: Part, host: Host): Marker | undefined {
  const installed = key === undefined ? undefined : host.libraries.get(key)?.marker;
  return parseMarker((isUnseen(elf) ? undefined : elf.marker) ?? installed);
}

export function parseMarker(text: string | undefined): Marker | undefined {
  const [, version, number] = /^portreserve (\S{1,40}) (?:table (\d{1,9})|high ports)$/.exec(text ?? "") ?? [];
  if (version === undefined) return undefined;
  return { version, table: number === undefined ? "none" : Number(number) };
}
