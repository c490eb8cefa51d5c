// What ss(8) says of a machine's privileged ports, to compare with what the manager says.
import type { Machine } from "./machine.ts";

export interface Socket {
  readonly protocol: string;
  /** "LISTEN", "UNCONN", "ESTAB"… */
  readonly state: string;
  readonly port: number;
  readonly peer: number;
}

export async function socketsOf(machine: Machine): Promise<readonly Socket[]> {
  const text = await machine.output("ss -tunaH");
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [protocol = "", state = "", , , local = "", peer = ""] = line.trim().split(/\s+/);
      const port = (address: string): number => Number(address.slice(address.lastIndexOf(":") + 1));
      return { protocol, state, port: port(local), peer: port(peer) };
    });
}

/** "749/tcp" for each port below 1024 that is in use, ascending; connections that only the kernel remembers are not. */
export function heldPorts(sockets: readonly Socket[]): readonly string[] {
  const held = sockets.filter(({ port, state }) => port < 1024 && state !== "TIME-WAIT");
  return [...new Set(held.sort(byPort).map(({ port, protocol }) => `${port}/${protocol}`))];
}

function byPort(a: Socket, b: Socket): number {
  return a.port - b.port || (a.protocol < b.protocol ? -1 : 1);
}
