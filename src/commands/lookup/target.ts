// What the argument of lookup means: a port, an owner or a service, with an optional protocol.
import { BLACKLIST_OWNER } from "../../core/config/blacklist.ts";
import { serviceBook } from "../../core/config/services.ts";
import type { Diagnostic, Protocol } from "../../core/config/types.ts";
import { isRejected, type Sources } from "../../observe/read-sources.ts";
import { AppError } from "../../system/app-error.ts";
import { commandLine } from "../../system/command-text.ts";
import { BLACKLIST_FILE, OWNERS_FOLDER } from "../../system/paths.ts";
import type { SourcesIfAny } from "../source-messages.ts";

export interface LookupTarget {
  readonly kind: "port" | "owner" | "service";
  readonly name: string;
  /** Each asked port and protocol once; empty for an owner that reserves nothing. */
  readonly ports: readonly { readonly port: number; readonly protocol: Protocol }[];
}

const BOTH: readonly Protocol[] = ["tcp", "udp"];

/**
 * A number is a port; a name is an owner first, then a service. Throws AppError `usage` for anything else, and another
 * one where what would tell cannot be read.
 */
export function findTarget(
  word: string,
  { sources, fault }: SourcesIfAny,
  root: string,
  verb = "lookup",
): LookupTarget {
  const [, name = word, suffix] = /^([^/]*)\/(.*)$/s.exec(word) ?? [];
  const protocols = suffix === undefined ? BOTH : BOTH.filter((protocol) => protocol === suffix.toLowerCase());
  if (protocols.length === 0) {
    const hint = `write '${name}/tcp', '${name}/udp', or '${name}' for both`;
    throw new AppError("usage", `unknown protocol '${suffix}'`, hint);
  }
  if (/^[0-9]+$/.test(name)) return portTarget(name, protocols);
  const all = `'${commandLine(root, "list")}' shows every owner and port`;
  if (/^[0-9]+-[0-9]+$/.test(name)) {
    throw new AppError("usage", `'${name}' is a range, and ${verb} takes one port at a time`, all);
  }
  if (fault !== undefined) {
    throw new AppError(fault.code, `whether '${name}' is an owner is not known: ${fault.message}`, fault.hint, fault);
  }
  const owner = ownerTarget(name, protocols, sources);
  if (owner !== undefined) return owner;
  refuseUnread(`whether '${name}' reserves anything is not known`, `${OWNERS_FOLDER}/${name}`, sources);
  const service = serviceTarget(name, protocols, sources);
  if (service !== undefined) return service;
  refuseUnread(`whether '${name}' is a service is not known`, sources.inputs.servicesUnread, sources);
  const near = serviceBook(sources.inputs).suggest(name);
  throw new AppError(
    "usage",
    `'${word}' is neither a port, nor an owner in the configuration, nor a service`,
    near === undefined ? all : `did you mean '${near}'?`,
  );
}

/** Throws AppError where this file could not be read. */
function refuseUnread(doubt: string, file: string | undefined, { inputs }: Sources): void {
  const fault = file === undefined ? undefined : inputs.problems.find((one) => one.file === file && isRejected(one));
  if (fault === undefined) return;
  const asRoot = fault.code === "permission-denied" && process.geteuid?.() !== 0;
  throw new AppError(asRoot ? "privilege" : "incomplete", `${doubt}: '${file}': ${fault.message}`, fault.hint);
}

/** What was rejected and might have been about the target: of an owner, in its file; of a port or a service, anywhere. */
export function rejectedFor({ kind, name }: LookupTarget, { configuration }: Sources): readonly Diagnostic[] {
  const file = name === BLACKLIST_OWNER ? BLACKLIST_FILE : `${OWNERS_FOLDER}/${name}`;
  return configuration.diagnostics.filter(
    (one) => isRejected(one) && (kind !== "owner" || (one.place?.file ?? one.file) === file),
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
  const service = serviceBook(inputs).find(name);
  if (service === undefined) return undefined;
  const ports = protocols.flatMap((protocol) => {
    const port = service[protocol] ?? service.tcp ?? service.udp;
    return port === undefined ? [] : [{ port, protocol }];
  });
  return { kind: "service", name, ports };
}
