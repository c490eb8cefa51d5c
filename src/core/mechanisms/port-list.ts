// A list of ports as the kernel writes it and takes it: "623,664,8000-8010".
import { unique } from "../text.ts";

const LAST = 65_535;

/** Ascending, each once; undefined for what the kernel would refuse. Blanks and an end of line are passed over. */
export function parsePortList(text: string): readonly number[] | undefined {
  const parts = text
    .split(/[\s,]+/)
    .filter((part) => part !== "")
    .map((part) => /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(part));
  const ports: number[] = [];
  for (const part of parts) {
    if (part === null) return undefined;
    const first = Number(part[1]);
    const last = Number(part[2] ?? part[1]);
    if (first > last || last > LAST) return undefined;
    for (let port = first; port <= last; port += 1) ports.push(port);
  }
  return ascending(ports);
}

/** Just as the kernel writes it; empty for no ports. */
export function portListText(ports: Iterable<number>): string {
  const runs: { first: number; last: number }[] = [];
  for (const port of ascending(ports)) {
    const run = runs.at(-1);
    if (run !== undefined && run.last + 1 === port) run.last = port;
    else runs.push({ first: port, last: port });
  }
  return runs.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

/** Those of any of these lists. */
export function joinPorts(...lists: readonly (readonly number[])[]): readonly number[] {
  return ascending(lists.flat());
}

/** Those of `ports` that are not in `gone`. */
export function withoutPorts(ports: readonly number[], gone: readonly number[]): readonly number[] {
  const away = new Set(gone);
  return ascending(ports).filter((port) => !away.has(port));
}

export function hasPorts(ports: readonly number[], wanted: readonly number[]): boolean {
  return withoutPorts(wanted, ports).length === 0;
}

function ascending(ports: Iterable<number>): readonly number[] {
  return unique(ports).sort((a, b) => a - b);
}
