// The kernel's lists of sockets: its answer over netlink, or its table where that is refused.
import { readFileSync } from "node:fs";
import { native } from "../../core/native.ts";
import type { SocketFamily, SocketRow } from "../../core/sockets/row.ts";
import { errnoOf, orUndefined } from "../../system/app-error.ts";

const TABLES = {
  tcp: { inet: "/proc/self/net/tcp", inet6: "/proc/self/net/tcp6" },
  udp: { inet: "/proc/self/net/udp", inet6: "/proc/self/net/udp6" },
} as const;

/** The rows of sock_diag, or undefined where the kernel gives no such list. Privileged local ports alone. */
export function socketsByNetlink(protocol: "tcp" | "udp", family: SocketFamily): readonly SocketRow[] | undefined {
  return orUndefined(() => native().sockets(protocol, family));
}

/** The whole table as a text: empty for a family that this kernel does not have, undefined where it cannot be read. */
export function socketTableText(protocol: "tcp" | "udp", family: SocketFamily): string | undefined {
  try {
    return readFileSync(TABLES[protocol][family], "latin1");
  } catch (error) {
    return errnoOf(error) === "ENOENT" && family === "inet6" ? "" : undefined;
  }
}
