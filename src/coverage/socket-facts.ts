// What was seen of one socket, as plain data.
import type { Protocol } from "../core/config/types.ts";
import type { Seen } from "../core/seen.ts";
import type { SocketFamily, SocketState } from "../core/sockets/row.ts";

export interface SocketFacts {
  readonly protocol: Protocol;
  readonly family: SocketFamily;
  /** As people write it: "127.0.0.1", "0.0.0.0", "::". */
  readonly address: string;
  /** 1 to 1023. */
  readonly port: number;
  readonly state: SocketState;
  /** 0 for those that ended. */
  readonly inode: number;
  /** The processes that have it open. Empty: every process could be looked into, and none has it. */
  readonly holders: Seen<readonly number[]>;
}
