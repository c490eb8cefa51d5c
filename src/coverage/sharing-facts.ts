// What was seen of the sockets on a port that somebody wants to hold, as plain data.
import type { Seen } from "../core/seen.ts";
import type { SocketFacts } from "./socket-facts.ts";

/** What a socket was told: whether it shares its port with those that want to, and where it receives. */
export interface Sharing {
  /** SO_REUSEADDR. */
  readonly reuseAddress: boolean;
  /** Of the interface that it is bound to; 0: none. */
  readonly interfaceIndex: number;
}

/** `port` may be any up to 65535 here. */
export interface SharedSocket extends SocketFacts {
  /** Undefined for one that ended, and for one that no process has open. */
  readonly sharing: Seen<Sharing> | undefined;
}
