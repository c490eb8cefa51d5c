// The typed door to the addon: the table codec that the shim is built from, and the few system calls Node lacks.
import path from "node:path";
import { fileURLToPath } from "node:url";
import nodeGypBuild from "node-gyp-build";

/** Why bytes are not a table. `short`, `long`: not 512 bytes. `foreign`: no magic. `future`: a version this build does not know. */
export type TableFault = "short" | "long" | "foreign" | "future" | "damaged";

/** A decoded table (format v1, portreserve.table(5)). */
export interface NativeTable {
  readonly generation: bigint;
  readonly retired: boolean;
  /** SHA-256 of the canonical inputs, 32 bytes. */
  readonly digest: Uint8Array;
  /** Reserved ports, ascending, each 0 to 1023. */
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
}

export interface Native {
  /** Size of a table in bytes. */
  readonly tableSize: number;
  /** Where a table's `in_force` is and its size, in bytes: all ones, or all zeros once it is retired. */
  readonly inForceOffset: number;
  readonly inForceSize: number;
  /** Deterministic: equal arguments give equal bytes. Throws RangeError-like errors with `code` for a port above 1023 or a digest that is not 32 bytes. */
  encodeTable(table: {
    generation: bigint;
    digest: Uint8Array;
    tcp: readonly number[];
    udp: readonly number[];
  }): Uint8Array;
  decodeTable(bytes: Uint8Array): { fault: TableFault } | { table: NativeTable };
  /** flock(2), exclusive. Returns false only when `wait` is false and another process holds it. Throws with `code` (errno name). */
  lockFile(fd: number, wait: boolean): boolean;
  /** execvpe(3) with Node's signal dispositions undone. Returns only by throwing with `code` (errno name). */
  execute(file: string, args: readonly string[], environment: readonly string[]): never;
}

/** The package's own folder: where package.json, build/ or prebuilds/ are. */
export const packageRoot: string = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "..");

let loaded: Native | undefined;

/** Loads the addon on first use, so that verbs that do not need it start without it. */
export function native(): Native {
  loaded ??= nodeGypBuild(packageRoot) as Native;
  return loaded;
}

/** The folder that holds the addon, and beside it the shim and the probe. */
export function nativeFolder(): string {
  return path.dirname(nodeGypBuild.path(packageRoot));
}
