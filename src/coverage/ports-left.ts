// How many ports the allocators of this host still have: an allocator that finds none fails, as if it were out of memory.

import type { Protocol } from "../core/config/types.ts";
import { ALLOCATED_PORTS } from "../core/mechanism.ts";
import type { Coverage, PortState } from "./coverage.ts";

/** `ports`: every one that is reserved or taken, as `portStates` gives them. `complete`: all sockets could be listed. */
export function portsLeft(ports: readonly PortState[], complete: boolean): Coverage["portsLeft"] {
  if (!complete) return undefined;
  const { first, last } = ALLOCATED_PORTS;
  const left = (wanted: Protocol): number => {
    const gone = ports.filter(({ port, protocol }) => protocol === wanted && first <= port && port <= last);
    return last - first + 1 - gone.length;
  };
  return { tcp: left("tcp"), udp: left("udp") };
}
