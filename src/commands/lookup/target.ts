// What the argument of lookup means: a port, an owner or a service, with an optional protocol.
import { BLACKLIST_OWNER } from "../../core/config/blacklist.ts";
import { serviceBook } from "../../core/config/services.ts";
import type { Protocol } from "../../core/config/types.ts";
import type { Sources } from "../../observe/read-sources.ts";
import { AppError } from "../../system/app-error.ts";
import { commandLine } from "../../system/command-text.ts";

export interface LookupTarget {
  readonly kind: "port" | "owner" | "service";
  readonly name: string;
  /** Each asked port and protocol once; empty for an owner that reserves nothing. */
  readonly ports: readonly { readonly port: number; readonly protocol: Protocol }[];
}

const BOTH: readonly Protocol[] = ["tcp", "udp"];

/** A number is a port; a name is an owner first, then a service. Throws AppError `usage` for anything else. */
export function findTarget(word: string, sources: Sources | undefined, root: string): LookupTarget {
  const [, name = word, suffix] = /^([^/]*)\/(.*)$/s.exec(word) ?? [];
  const protocols = suffix === undefined ? BOTH : BOTH.filter((protocol) => protocol === suffix.toLowerCase());
  if (protocols.length === 0) {
    const hint = `write '${name}/tcp', '${name}/udp', or '${name}' for both`;
    throw new AppError("usage", `unknown protocol '${suffix}'`, hint);
  }
  if (/^[0-9]+$/.test(name)) return portTarget(name, protocols);
  const found =
    sources === undefined
      ? undefined
      : (ownerTarget(name, protocols, sources) ?? serviceTarget(name, protocols, sources));
  if (found !== undefined) return found;
  const all = `'${commandLine(root, "list")}' shows every owner and port`;
  if (/^[0-9]+-[0-9]+$/.test(name)) {
    throw new AppError("usage", `'${name}' is a range, and lookup takes one port at a time`, all);
  }
  const near = sources === undefined ? undefined : serviceBook(sources.inputs.services).suggest(name);
  throw new AppError(
    "usage",
    `'${word}' is neither a port, nor an owner in the configuration, nor a service`,
    near === undefined ? all : `did you mean '${near}'?`,
  );
}

function portTarget(digits: string, protocols: readonly Protocol[]): LookupTarget {
  const port = Number(digits);
  if (port < 1 || port > 65535) throw new AppError("usage", `'${digits}' is not a port`, "ports are 1 to 65535");
  return { kind: "port", name: digits, ports: protocols.map((protocol) => ({ port, protocol })) };
}

function ownerTarget(
  name: string,
  protocols: readonly Protocol[],
  { inputs, configuration }: Sources,
): LookupTarget | undefined {
  const rows = configuration.reservations.filter(({ owner }) => owner === name);
  if (rows.length === 0 && name !== BLACKLIST_OWNER && !inputs.owners.some(({ owner }) => owner === name))
    return undefined;
  const unique = new Map(
    rows
      .filter(({ protocol }) => protocols.includes(protocol))
      .map(({ port, protocol }) => [`${port}/${protocol}`, { port, protocol }]),
  );
  return { kind: "owner", name, ports: [...unique.values()] };
}

/** As a line of the configuration: a protocol that the services file does not list has the port of the other one. */
function serviceTarget(name: string, protocols: readonly Protocol[], { inputs }: Sources): LookupTarget | undefined {
  const service = serviceBook(inputs.services).find(name);
  if (service === undefined) return undefined;
  const ports = protocols.flatMap((protocol) => {
    const port = service[protocol] ?? service.tcp ?? service.udp;
    return port === undefined ? [] : [{ port, protocol }];
  });
  return { kind: "service", name, ports };
}
