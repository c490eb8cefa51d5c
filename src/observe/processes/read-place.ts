// Where a process lives: its mounts and its root beside this program's, and what it finds there in the table's place.
import { isUnseen, type Seen } from "../../core/seen.ts";
import type { ProcessFacts } from "../../coverage/facts.ts";
import { TABLE_FILE } from "../../system/paths.ts";
import { identityOf, isRefused, type Refused, readLink } from "../../system/proc/process-files.ts";
import { whyPathSilentUnder } from "../programs/read-path-answers.ts";
import { OF_A_USER } from "./read-answering.ts";
import { type FileGuard, fileIdentity, GUARDED } from "./read-mapped-file.ts";
import type { MappedBy, Objects, View } from "./read-mapped-objects.ts";
import { tableIsAlike, tableUnder } from "./read-other-root.ts";
import { isDenied, refusedAs } from "./read-rights.ts";
import type { Self } from "./read-self.ts";

/** What one look at the whole host shares of it. */
export interface PlaceScan {
  readonly self: Self;
  readonly objects: Objects;
  readonly views: Map<string, View>;
  /** What the processes of a view find at the table's path. */
  readonly tables: Map<View, ProcessFacts["table"]>;
}

export interface Placed {
  readonly view: View;
  readonly mounts: ProcessFacts["mounts"];
  readonly root: ProcessFacts["root"];
}

/** `guardOfRoot`: asked of a root of its own alone. */
export function placeOf(
  { self, views }: PlaceScan,
  folder: string,
  mounts: string | Refused,
  guardOfRoot: () => FileGuard | undefined,
): Placed | Refused {
  const link = readLink(`${folder}/root`);
  const guard = mounts === self.mounts && link === self.rootPath ? undefined : guardOfRoot();
  const root = guard === undefined ? identityOf(`${folder}/root`) : guardedIdentity(`${folder}/root`, guard);
  if (root === GUARDED) return GUARDED;
  for (const value of [mounts, root, link]) if (isRefused(value) && !isDenied(value)) return value;
  const sameMounts = compared(self, mounts, self.mounts);
  const rootPath = isRefused(link) ? "/" : link;
  const sameRoot = compared(self, root, self.root);
  const name = `${isRefused(mounts) ? "?" : mounts} ${isRefused(root) ? "?" : root} ${rootPath}`;
  let view = views.get(name);
  if (view === undefined) {
    // Within the same mounts the kernel gives paths as this process would write them, whatever the other's root is.
    view = { isOurs: sameMounts === "same", root: rootPath, keys: new Map(), programs: new Map() };
    views.set(name, view);
  }
  return {
    view,
    mounts: sameMounts,
    // Another place where the same folder is mounted has other files below it.
    root: sameRoot === "same" && sameMounts === "same" && rootPath !== self.rootPath ? "other" : sameRoot,
  };
}

function guardedIdentity(link: string, guard: FileGuard): string | Refused {
  const found = fileIdentity(link, guard);
  return isRefused(found) ? found : found.key;
}

export function compared(self: Self, found: string | Refused, own: string | undefined): Seen<"same" | "other"> {
  if (isRefused(found)) return refusedAs(self, found);
  if (own === undefined) return { unseen: "this program cannot see its own", rootWould: false };
  return found === own ? "same" : "other";
}

export function tableOf(
  { self, tables, objects: { answering } }: PlaceScan,
  { view, mounts, root }: Placed,
  { folder, guard }: MappedBy,
): ProcessFacts["table"] {
  if (mounts === "same" && root === "same") return self.table === undefined ? "none" : "same";
  const known = tables.get(view);
  if (known !== undefined) return known;
  const silent = guard === undefined ? whyPathSilentUnder(answering, folder, TABLE_FILE) : OF_A_USER;
  if (silent !== undefined) return silent;
  const found = tableUnder(`${folder}/root`);
  if (isRefused(found)) return refusedAs(self, found);
  // "Nothing" is also what an ended process has.
  if (found === undefined && isRefused(readLink(`${folder}/root`))) return { unseen: "it has ended", rootWould: false };
  const isAlike = found === undefined || found === self.table || tableIsAlike(`${folder}/root`, self.reservations);
  if (isUnseen(isAlike)) return isAlike;
  const table = found === undefined ? "none" : found === self.table ? "same" : isAlike ? "alike" : "other";
  tables.set(view, table);
  return table;
}
