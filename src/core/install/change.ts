// A change of the host's files as data: planned here, shown by --dry-run, carried out and taken back by system/files/apply.ts.
import type { Attribute } from "../native.ts";

/** `path`s are absolute and as the administrator knows them; a --root stands in front of them. */
export type Change =
  /** A new folder, with the parents it lacks. */
  | { readonly kind: "make-folder"; readonly path: string }
  /** A new file, or new bytes for one; `old` is what it has now. */
  | WriteFile
  /** A new symbolic link. */
  | { readonly kind: "make-link"; readonly path: string; readonly target: string }
  /** The table has its own way of being replaced and removed (table-file.ts). */
  | {
      readonly kind: "write-table";
      readonly path: string;
      readonly bytes: Uint8Array;
      readonly text: readonly string[];
    }
  | { readonly kind: "remove-table"; readonly path: string }
  /** A file or link that goes; `old` is what it has now, undefined for a link. */
  | { readonly kind: "remove"; readonly path: string; readonly old: Uint8Array | undefined; readonly follow?: true }
  /** A folder that goes if nothing is left in it. */
  | { readonly kind: "remove-folder"; readonly path: string }
  /** A setting of the running kernel, in a file of /proc/sys or /sys; `old` is what it has now. */
  | { readonly kind: "set-value"; readonly path: string; readonly value: string; readonly old: string };

export interface WriteFile {
  readonly kind: "write-file";
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
  readonly old: Uint8Array | undefined;
  /** What its permission bits are now, where they are not to stay. */
  readonly oldMode?: number;
  /** Numbers of user and group; by default those of the file that is there, else of the user who runs this. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** By default those of the file that is there. */
  readonly attributes?: readonly Attribute[];
  /** Whose SELinux label a new file gets, beside the default of its folder. */
  readonly labelOf?: string;
  /** A link in its place is followed, and what it leads to changed. */
  readonly follow?: true;
}
