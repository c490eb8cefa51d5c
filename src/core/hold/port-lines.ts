// Lines of a configuration file for some ports and a word: as few as say just that.
import type { Protocol, ReservationKind } from "../config/types.ts";

/** One port of one protocol, 1 to 65535. */
export interface PortPlace {
  readonly port: number;
  readonly protocol: Protocol;
}

export function placeText({ port, protocol }: PortPlace): string {
  return `${port}/${protocol}`;
}

/** In the order of ports: one with both protocols is written once, and those that follow each other as a range. */
export function portLines(places: readonly PortPlace[], kind: ReservationKind): string[] {
  const word = kind === "reserve" ? "" : ` ${kind}`;
  const runs: { first: number; last: number; suffix: string }[] = [];
  for (const port of [...new Set(places.map((place) => place.port))].sort((a, b) => a - b)) {
    const mine = places.filter((place) => place.port === port);
    const both = mine.some(({ protocol }) => protocol === "tcp") && mine.some(({ protocol }) => protocol === "udp");
    const suffix = both ? "" : `/${mine[0]?.protocol}`;
    const before = runs.at(-1);
    if (before?.last === port - 1 && before.suffix === suffix) before.last = port;
    else runs.push({ first: port, last: port, suffix });
  }
  return runs.map(({ first, last, suffix }) => `${first}${first === last ? "" : `-${last}`}${suffix}${word}`);
}
