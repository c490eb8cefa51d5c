// From the bytes of the input files to what they reserve: the one entry to the configuration.
import { compareText } from "../text.ts";
import { BLACKLIST_OWNER, readBlacklist } from "./blacklist.ts";
import { claimStore, type TakeClaims } from "./claims.ts";
import { diagnosticStore, type FileDiagnostics } from "./diagnostic-store.ts";
import { readOwnerFile } from "./owner-file.ts";
import { type ServiceBook, serviceBook } from "./services.ts";
import type { Configuration, Diagnostic, Inputs } from "./types.ts";

/**
 * Parses every file, resolves the names and gathers what is wrong. Pure: equal inputs, in any order of `owners` and
 * `problems`, give equal results, and no bytes make it throw. Reservations are in the order of `Configuration`, each
 * port, protocol, owner and file once, with the first line that asks for its kind; diagnostics by file, line and column, those
 * on a whole file before those on its lines. Of very many diagnostics on lines only the first are there, and the others
 * are counted: see `diagnosticStore`.
 */
export function configure(inputs: Inputs): Configuration {
  const claims = claimStore();
  const found = diagnosticStore();
  const book = serviceBook(inputs);
  for (const { owner, path, read } of sourcesInOrder(inputs, book)) {
    read(claims.takerFor(owner, path), found.forFile(path));
  }
  claims.settle();
  const diagnostics = [...inputs.problems, ...servicesNotes(book), ...found.all()];
  return { reservations: claims.reservations(), diagnostics: diagnostics.sort(byPlace) };
}

function servicesNotes({ path, listsAny }: ServiceBook): Diagnostic[] {
  if (path === undefined || listsAny) return [];
  const message = "no service names in it, so only built-in service names are known";
  const hint = "write port numbers, or install the package that ships it (netbase, setup) again";
  return [{ severity: "note", code: "no-service-names", message, hint, file: path }];
}

interface Source {
  readonly owner: string;
  readonly path: string;
  readonly read: (take: TakeClaims, diagnostics: FileDiagnostics) => void;
}

function sourcesInOrder({ owners, blacklist }: Inputs, book: ServiceBook): Source[] {
  const sources: Source[] = owners.map((file) => ({
    owner: file.owner,
    path: file.path,
    read: (take, diagnostics) => readOwnerFile(file, book, take, diagnostics),
  }));
  if (blacklist !== undefined) {
    sources.push({
      owner: BLACKLIST_OWNER,
      path: blacklist.path,
      read: (take, diagnostics) => readBlacklist(blacklist, take, diagnostics),
    });
  }
  return sources.sort((a, b) => compareText(a.owner, b.owner) || compareText(a.path, b.path));
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  return (
    compareText(a.place?.file ?? a.file ?? "", b.place?.file ?? b.file ?? "") ||
    (a.place?.line ?? 0) - (b.place?.line ?? 0) ||
    (a.place?.column ?? 0) - (b.place?.column ?? 0) ||
    compareText(a.code, b.code) ||
    compareText(a.message, b.message)
  );
}
