// The range of ports for the kernel's NFS client: which one has no reserved port, and how one becomes another.
import { KERNEL_MINIMUM, KERNEL_RANGE } from "../hold/ports-left.ts";

/** Both inclusive. */
export interface ClientRange {
  readonly min: number;
  readonly max: number;
}

/** What the kernel takes unless it is told otherwise. */
export const DEFAULT_CLIENT_RANGE: ClientRange = { min: KERNEL_RANGE.first, max: KERNEL_RANGE.last };

/** With fewer ports a host with many servers finds none, and its mounts wait for one. */
export const ENOUGH_CLIENT_PORTS = KERNEL_MINIMUM;

/** The longest run of the default range without one of these ports, the highest of several; undefined where all are reserved. */
export function longestRun(reserved: Iterable<number>): ClientRange | undefined {
  const taken = new Set(reserved);
  let best: ClientRange | undefined;
  let min = DEFAULT_CLIENT_RANGE.min;
  for (let port = min; port <= DEFAULT_CLIENT_RANGE.max + 1; port += 1) {
    if (port <= DEFAULT_CLIENT_RANGE.max && !taken.has(port)) continue;
    const run = { min, max: port - 1 };
    if (sizeOf(run) > 0 && sizeOf(run) >= (best === undefined ? 0 : sizeOf(best))) best = run;
    min = port + 1;
  }
  return best;
}

export function sizeOf({ min, max }: ClientRange): number {
  return max - min + 1;
}

export function sameRange(one: ClientRange, other: ClientRange): boolean {
  return one.min === other.min && one.max === other.max;
}

/** "700–1023" */
export function rangeText({ min, max }: ClientRange): string {
  return `${min}–${max}`;
}

/** One end of the range gets a new value. */
export interface EndWrite {
  readonly end: "min" | "max";
  readonly value: number;
}

/**
 * The writes that make `now` to `wanted`, in the order in which min is never above max: the kernel accepts that, and every
 * mount then times out. Holds for two ranges that are none of that themselves.
 */
export function rangeWrites(now: ClientRange, wanted: ClientRange): readonly EndWrite[] {
  const order = wanted.max >= now.max ? (["max", "min"] as const) : (["min", "max"] as const);
  return order.filter((end) => now[end] !== wanted[end]).map((end) => ({ end, value: wanted[end] }));
}
