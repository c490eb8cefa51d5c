// What a configuration puts into the table: the ports below 1024 as lists, and a digest of everything it reserves.
import { createHash } from "node:crypto";
import type { Configuration, Protocol } from "../config/types.ts";
import type { NativeTable } from "../native.ts";

/** The first port that a table has no bit for. */
export const TABLE_PORT_LIMIT = 1024;

/** The meaning of a table: all of it but the generation number and the retired flag. */
export interface TableContent {
  /** Reserved ports, ascending, each once, 1 to 1023. */
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
  /** SHA-256 of `canonicalText`, 32 bytes. */
  readonly digest: Uint8Array;
}

/**
 * The text that the digest is taken over: one line for each port, protocol and owner that occurs, ports of 1024 and
 * above included, and nothing else, so that the order of lines, duplicates, comments, file paths and times never
 * change it. A line is the decimal port, '/', "tcp" or "udp", one space, the owner as a JSON string, and a line feed;
 * the text is UTF-8. Lines are ordered by port number, tcp before udp, then owner by UTF-16 code units. In the JSON
 * string only '"', '\', control characters below U+0020 and lone surrogates are escaped, as JSON.stringify does it.
 * No reservations give the empty text. Source: portreserve.table(5).
 */
export function canonicalText(configuration: Configuration): string {
  return [...canonicalLines(configuration)].join("");
}

function* canonicalLines({ reservations }: Configuration): Generator<string> {
  let previous = "";
  for (const { port, protocol, owner } of reservations) {
    const line = `${port}/${protocol} ${JSON.stringify(owner)}\n`;
    if (line !== previous) yield line;
    previous = line;
  }
}

/** The whole text at once would be tens of megabytes for a large configuration. */
function digestOf(configuration: Configuration): Buffer {
  const hash = createHash("sha256");
  let part = "";
  for (const line of canonicalLines(configuration)) {
    part += line;
    if (part.length < HASHED_AT_ONCE) continue;
    hash.update(part);
    part = "";
  }
  return hash.update(part).digest();
}

/** In characters. */
const HASHED_AT_ONCE = 16_384;

/** The ports and the digest that the table of this configuration holds. Relies on the order `Configuration` promises. */
export function tableContent(configuration: Configuration): TableContent {
  let digest: Buffer | undefined;
  return {
    tcp: tablePorts(configuration, "tcp"),
    udp: tablePorts(configuration, "udp"),
    // Where there is no table to compare with, nobody asks.
    get digest() {
      digest ??= digestOf(configuration);
      return digest;
    },
  };
}

/** True when `table` was compiled from just this content, retired or not. */
export function sameContent(content: TableContent, table: NativeTable): boolean {
  return (
    samePorts(content.tcp, table.tcp) &&
    samePorts(content.udp, table.udp) &&
    Buffer.compare(content.digest, table.digest) === 0
  );
}

function tablePorts(configuration: Configuration, protocol: Protocol): number[] {
  const ports = new Set<number>();
  for (const row of configuration.reservations) {
    if (row.port >= TABLE_PORT_LIMIT) break;
    if (row.protocol === protocol) ports.add(row.port);
  }
  return [...ports];
}

function samePorts(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((port, index) => port === b[index]);
}
