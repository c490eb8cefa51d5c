// What a hold comes to for those that hand out ports: whoever finds every reserved port held can take none.
import type { Protocol } from "../core/config/types.ts";
import { ALLOCATED_PORTS } from "../core/mechanism.ts";
import { CHECKS } from "./allocator-checks.ts";
import { covered, type Decision, decide } from "./checks.ts";
import type { Host } from "./host.ts";
import type { ProgramImage } from "./program-image.ts";
import type { Subject } from "./running.ts";

export interface Reach {
  readonly min: number;
  readonly max: number;
}

interface PortOf {
  readonly port: number;
  readonly protocol: Protocol;
}

const BOTH: readonly Protocol[] = ["tcp", "udp"];

/** The verdict of the checks, unless a hold keeps every port from it that they would let it take. */
export function decideOn(subject: Subject, host: Host): Decision & { readonly check: string } {
  const decision = decide(CHECKS, subject, host);
  if (decision.verdict === "covered" || !allHeld(reachOf(subject.image), host)) return decision;
  return { ...covered("every reserved port is held"), check: "held" };
}

/** A loop of its own may begin anywhere; libc's functions have one range. */
function reachOf({ via }: Pick<ProgramImage, "via">): Reach {
  const { first, last } = ALLOCATED_PORTS;
  return via.length > 0 && !via.includes("bind") ? { min: first, max: last } : { min: 1, max: last };
}

/** Whether there are reserved ports of these, and none of them is left to take. False where what is reserved cannot be seen. */
export function allHeld(range: Reach, host: Host, protocols: readonly Protocol[] = BOTH): boolean {
  const { reserved } = host;
  if (reserved === undefined || reservedWithin(range, reserved, protocols).length === 0) return false;
  return leftOpen(range, host, protocols).length === 0;
}

/** Reserved, and not really held. */
export function leftOpen(range: Reach, host: Host, protocols: readonly Protocol[] = BOTH): readonly PortOf[] {
  const { reserved, holdOf } = host;
  if (reserved === undefined) return [];
  return reservedWithin(range, reserved, protocols).filter((one) => holdOf(one)?.state !== "held");
}

function reservedWithin(
  { min, max }: Reach,
  reserved: NonNullable<Host["reserved"]>,
  protocols: readonly Protocol[],
): readonly PortOf[] {
  const all = protocols.flatMap((protocol) =>
    [...(reserved.get(protocol) ?? [])].map((port): PortOf => ({ port, protocol })),
  );
  return all.filter(({ port }) => min <= port && port <= max);
}

/** What would have all of these held: a command for those that are only reserved, else the cure of the first that should be. */
export function holdHint(open: readonly PortOf[], { holdOf }: Pick<Host, "holdOf">): string | undefined {
  const asked = open.filter((one) => holdOf(one) === undefined);
  if (asked.length === 0) return open.flatMap((one) => holdOf(one)?.hint ?? [])[0];
  const protocols = new Map<number, Protocol[]>();
  for (const { port, protocol } of asked) protocols.set(port, [...(protocols.get(port) ?? []), protocol]);
  const words = [...protocols].sort(([a], [b]) => a - b).map(([port, of]) => wordOf(port, of));
  return `portreservectl hold ${words.join(" ")}`;
}

function wordOf(port: number, protocols: readonly Protocol[]): string {
  return protocols.length === BOTH.length ? `${port}` : `${port}/${protocols.join("")}`;
}
