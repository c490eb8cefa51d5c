// Service names and their ports: the host's services files as text, then the built-in names. Never through NSS.
import { BUILTIN_SERVICES } from "./builtin-services.ts";
import { cNumber } from "./c-number.ts";
import { suggester } from "./suggest.ts";
import type { Inputs, Protocol } from "./types.ts";

/** The ports of one name; at least one of them is there. */
export interface ServicePorts {
  readonly tcp: number | undefined;
  readonly udp: number | undefined;
  readonly origin: "services" | "built-in";
}

/** All known names. */
export interface ServiceBook {
  /** The services file that was read, as the administrator knows it, or undefined where none could be. */
  readonly path: string | undefined;
  /** The services file that is there and could not be read. */
  readonly unread: string | undefined;
  /** Whether the services files list any name. */
  readonly listsAny: boolean;
  find(name: string): ServicePorts | undefined;
  /** The known name nearest to an unknown one, if any is near. */
  suggest(name: string): string | undefined;
}

/** A name that one of the host's files lists, for whichever protocol, is looked up in no later one, nor in the built-in table. */
export function serviceBook({
  services,
  vendorServices,
  servicesUnread,
}: Pick<Inputs, "services" | "vendorServices" | "servicesUnread">): ServiceBook {
  const files = [vendorServices, services].flatMap((file) => (file ? [file.bytes] : []));
  let known: ReadonlyMap<string, HostPorts> | undefined;
  // Most reservations are numbers, and the file has hundreds of names.
  const host = (): ReadonlyMap<string, HostPorts> => {
    known ??= new Map(files.flatMap((bytes) => [...parseServices(bytes)]));
    return known;
  };
  return {
    path: (services ?? vendorServices)?.path,
    unread: servicesUnread,
    listsAny: files.some((bytes) => linesOf(bytes).some((line) => entryOf(line) !== undefined)),
    find(name) {
      const ports = host().get(name);
      if (ports !== undefined) return { tcp: ports.tcp, udp: ports.udp, origin: "services" };
      const port = BUILTIN_SERVICES.get(name);
      return port === undefined ? undefined : { tcp: port, udp: port, origin: "built-in" };
    },
    suggest: suggester({
      *[Symbol.iterator]() {
        yield* host().keys();
        yield* BUILTIN_SERVICES.keys();
      },
    }),
  };
}

export type HostPorts = Partial<Record<Protocol, number>>;

/**
 * Reads a services(5) file as glibc's getservbyname() does: the first line with a name or alias and a protocol decides.
 * Numbers are in C notation ('0x25f', '01140', '+614'), and of those above 65535 the lowest 16 bits count. Lines of other
 * protocols, and malformed lines, are skipped: the file is not ours to judge. Source: glibc 2.36, nss/nss_files, and runs
 * of it.
 */
export function parseServices(bytes: Uint8Array): Map<string, HostPorts> {
  const known = new Map<string, HostPorts>();
  for (const line of linesOf(bytes)) {
    const entry = entryOf(line);
    if (entry === undefined) continue;
    for (const word of entry.words) remember(known, word, entry.protocol, entry.port);
  }
  return known;
}

function linesOf(bytes: Uint8Array): readonly string[] {
  return new TextDecoder().decode(bytes).split("\n");
}

/** Undefined for a line that lists nothing. */
function entryOf(line: string): { words: readonly string[]; protocol: Protocol; port: number } | undefined {
  const [name, number, ...aliases] = beforeComment(line).match(/[^ \t\v\f\r]+/g) ?? [];
  const [, digits = "", protocol] = /^([^/]+)\/+(tcp|udp)$/.exec(number ?? "") ?? [];
  const port = servicePort(digits);
  if (name === undefined || protocol === undefined || port === 0) return undefined;
  return { words: [name, ...aliases], protocol: protocol as Protocol, port };
}

/** 0 for what glibc does not take. */
function servicePort(digits: string): number {
  const number = cNumber(digits) ?? 0;
  return number < 0 || number > 0xffffffff ? 0 : number % 65536;
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
