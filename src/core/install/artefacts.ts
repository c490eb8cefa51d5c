// What `install` puts on a host, as data: each file with the bytes it should have, what is found in its place, and whose that is.
import type { Change } from "./change.ts";

/** What is found at a path, links not followed. */
export type Found =
  | { readonly kind: "missing" }
  | { readonly kind: "file"; readonly bytes: Uint8Array; readonly mode: number }
  | { readonly kind: "link"; readonly target: string }
  /** `reason` completes "'x' is …" or "cannot read 'x': …". */
  | { readonly kind: "other"; readonly reason: string };

export interface Artefact {
  readonly path: string;
  readonly wanted:
    | { readonly kind: "file"; readonly bytes: Uint8Array; readonly mode: number }
    | { readonly kind: "link"; readonly target: string };
  readonly found: Found;
  /** Whether this program made what is found; false for what it must not touch. */
  readonly ours: boolean;
  /** The folder that is made for it and goes with it, if it is empty then; the nearest first. */
  readonly folders: readonly string[];
  /** Whose SELinux label it gets. */
  readonly labelOf?: string;
  /** What stays of the file when it is taken away: what another verb has put into it. */
  readonly left?: Uint8Array;
}

/** Why the host was left alone: something that portreserve did not write is in one of its places. */
export interface Unowned {
  readonly path: string;
  /** Completes "'PATH' is …". */
  readonly what: string;
}

export function unownedAmong(artefacts: readonly Artefact[]): readonly Unowned[] {
  return artefacts
    .filter(({ found, ours }) => found.kind !== "missing" && !ours)
    .map(({ path, found }) => ({ path, what: foundText(found) }));
}

function foundText(found: Found): string {
  switch (found.kind) {
    case "file":
      return "a file that portreservectl did not write";
    case "link":
      return `a link to '${found.target}' that portreservectl did not make`;
    case "other":
      return found.reason;
    case "missing":
      return "missing";
    default:
      return found satisfies never;
  }
}

/** True when it is there just as it should be. */
export function inPlace({ wanted, found }: Artefact): boolean {
  if (wanted.kind === "link") return found.kind === "link" && found.target === wanted.target;
  return found.kind === "file" && found.mode === wanted.mode && sameBytes(found.bytes, wanted.bytes);
}

/** What puts it in its place; nothing if it is. `exists` says which folders are there already. */
export function changesToPut(artefact: Artefact, exists: (folder: string) => boolean): readonly Change[] {
  if (inPlace(artefact)) return [];
  const { path, wanted, found, folders, labelOf } = artefact;
  const makeFolders = folders
    .filter((folder) => !exists(folder))
    .reverse()
    .map((folder): Change => ({ kind: "make-folder", path: folder }));
  if (wanted.kind === "link") {
    const away: readonly Change[] = found.kind === "missing" ? [] : [{ kind: "remove", path, old: undefined }];
    return [...makeFolders, ...away, { kind: "make-link", path, target: wanted.target }];
  }
  const old = found.kind === "file" ? found.bytes : undefined;
  const label = labelOf === undefined ? {} : { labelOf };
  return [...makeFolders, { kind: "write-file", path, bytes: wanted.bytes, mode: wanted.mode, old, ...label }];
}

/** What takes it away, without its folders; nothing if it is not there or not ours. */
export function changesToTakeAway({ path, found, ours, left }: Artefact): readonly Change[] {
  if (found.kind === "missing" || !ours) return [];
  if (left !== undefined && found.kind === "file") {
    const same = sameBytes(found.bytes, left);
    return same ? [] : [{ kind: "write-file", path, bytes: left, mode: found.mode, old: found.bytes }];
  }
  return [{ kind: "remove", path, old: found.kind === "file" ? found.bytes : undefined }];
}

/** The folders made for these, each once, the deepest first. */
export function foldersOf(artefacts: readonly Artefact[]): readonly string[] {
  const all = new Set(artefacts.flatMap(({ folders }) => folders));
  return [...all].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
