// From the bytes of the input files to what they reserve: the one entry to the configuration.
import { BLACKLIST_OWNER, readBlacklist } from "./blacklist.ts";
import { claimStore, type TakeClaims } from "./claims.ts";
import { readOwnerFile } from "./owner-file.ts";
import { type ServiceBook, serviceBook } from "./services.ts";
import type { Configuration, Diagnostic, Inputs } from "./types.ts";

/**
 * Parses every file, resolves the names and gathers what is wrong. Pure: equal inputs, in any order of `owners` and
 * `problems`, give equal results, and no bytes make it throw. Reservations are in the order of `Configuration`, each
 * port, protocol, owner and file once, with the first line that names it; diagnostics by file, line and column, those
 * on a whole file before those on its lines.
 */
export function configure(inputs: Inputs): Configuration {
  const store = claimStore();
  const diagnostics = [...inputs.problems];
  for (const { owner, path, read } of sourcesInOrder(inputs, serviceBook(inputs.services))) {
    // One by one: as spread arguments the remarks on a huge wrong file would overflow the stack.
    for (const diagnostic of read(store.takerFor(owner, path))) diagnostics.push(diagnostic);
  }
  return { reservations: store.reservations(), diagnostics: diagnostics.sort(byPlace) };
}

interface Source {
  readonly owner: string;
  readonly path: string;
  readonly read: (take: TakeClaims) => Diagnostic[];
}

function sourcesInOrder({ owners, blacklist }: Inputs, book: ServiceBook): Source[] {
  const sources: Source[] = owners.map((file) => ({
    owner: file.owner,
    path: file.path,
    read: (take) => readOwnerFile(file, book, take),
  }));
  if (blacklist !== undefined) {
    sources.push({ owner: BLACKLIST_OWNER, path: blacklist.path, read: (take) => readBlacklist(blacklist, take) });
  }
  return sources.sort((a, b) => compare(a.owner, b.owner) || compare(a.path, b.path));
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  return (
    compare(a.place?.file ?? a.file ?? "", b.place?.file ?? b.file ?? "") ||
    (a.place?.line ?? 0) - (b.place?.line ?? 0) ||
    (a.place?.column ?? 0) - (b.place?.column ?? 0) ||
    compare(a.code, b.code) ||
    compare(a.message, b.message)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
