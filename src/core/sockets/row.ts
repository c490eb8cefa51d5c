// One socket as the kernel lists it, in sock_diag's answers and in its tables alike, and what its state means to us.

export type SocketFamily = "inet" | "inet6";

/** `ended`: the kernel remembers a connection that nobody holds any more (TIME_WAIT and the like). */
export type SocketState = "listening" | "bound" | "connected" | "ended";

export interface SocketRow {
  /** The local one, as inet_ntop(3) writes it. */
  readonly address: string;
  /** The local one, 0 to 65535. */
  readonly port: number;
  /** The kernel's TCP_… number, which UDP borrows: 1 with a peer, 7 without. */
  readonly state: number;
  readonly uid: number;
  /** 0 for a socket that no descriptor stands for, now or yet. */
  readonly inode: number;
}

/** A descriptor of a process, and the inode of the socket that it led to. */
export interface SocketPlace {
  readonly fd: number;
  readonly inode: number;
}

/** Source: include/net/tcp_states.h. */
const TCP = { TIME_WAIT: 6, CLOSE: 7, LISTEN: 10, BOUND_INACTIVE: 13 } as const;

/**
 * A connection that nobody has accepted yet has no inode either, and counts as ended too: its port is its listener's.
 */
export function socketState({ state, inode }: Pick<SocketRow, "state" | "inode">): SocketState {
  if (inode === 0 || state === TCP.TIME_WAIT) return "ended";
  if (state === TCP.LISTEN) return "listening";
  if (state === TCP.CLOSE || state === TCP.BOUND_INACTIVE) return "bound";
  return "connected";
}
