// Service names and their ports: the host's services file as text, then the built-in names. Never through NSS.
import { BUILTIN_SERVICES } from "./builtin-services.ts";
import { suggester } from "./suggest.ts";
import type { Protocol, SourceFile } from "./types.ts";

/** The ports of one name; at least one of them is there. */
export interface ServicePorts {
  readonly tcp: number | undefined;
  readonly udp: number | undefined;
  readonly origin: "services" | "built-in";
}

/** All known names. */
export interface ServiceBook {
  /** The services file as the administrator knows it, or undefined where there is none. */
  readonly path: string | undefined;
  /** How many names and aliases the services file lists. */
  readonly listed: number;
  find(name: string): ServicePorts | undefined;
  /** The known name nearest to an unknown one, if any is near. */
  suggest(name: string): string | undefined;
}

/** A name that the host's file lists, for whichever protocol, is never looked up in the built-in table. */
export function serviceBook(file: SourceFile | undefined): ServiceBook {
  const host = file === undefined ? new Map<string, HostPorts>() : parseServices(file.bytes);
  return {
    path: file?.path,
    listed: host.size,
    find(name) {
      const ports = host.get(name);
      if (ports !== undefined) return { tcp: ports.tcp, udp: ports.udp, origin: "services" };
      const port = BUILTIN_SERVICES.get(name);
      return port === undefined ? undefined : { tcp: port, udp: port, origin: "built-in" };
    },
    suggest: suggester({
      *[Symbol.iterator]() {
        yield* host.keys();
        yield* BUILTIN_SERVICES.keys();
      },
    }),
  };
}

export type HostPorts = Partial<Record<Protocol, number>>;

/**
 * Reads a services(5) file as getservbyname() does: the first line with a name or alias and a protocol decides.
 * Lines of other protocols, and malformed lines, are skipped: the file is not ours to judge.
 */
export function parseServices(bytes: Uint8Array): Map<string, HostPorts> {
  const known = new Map<string, HostPorts>();
  for (const line of new TextDecoder().decode(bytes).split("\n")) {
    const [name, number, ...aliases] = beforeComment(line).match(/\S+/g) ?? [];
    const [, digits, protocol] = /^(\d{1,5})\/(tcp|udp)$/.exec(number ?? "") ?? [];
    const port = Number(digits);
    if (name === undefined || protocol === undefined || port < 1 || port > 65535) continue;
    for (const word of [name, ...aliases]) remember(known, word, protocol as Protocol, port);
  }
  return known;
}

function remember(known: Map<string, HostPorts>, name: string, protocol: Protocol, port: number): void {
  const ports = known.get(name);
  if (ports === undefined) known.set(name, { [protocol]: port });
  else ports[protocol] ??= port;
}

function beforeComment(line: string): string {
  const hash = line.indexOf("#");
  return hash === -1 ? line : line.slice(0, hash);
}
