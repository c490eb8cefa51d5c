// Units as their files say them, remembered from look to look: reading and parsing hundreds of files takes a fifth of one.
import { fromFiles } from "../../core/systemd/from-files.ts";
import type { Unit } from "../../core/systemd/unit.ts";

/**
 * Which file it is, its last changes, size and owner: "DEV:INODE MTIME CTIME SIZE UID", times in nanoseconds. Equal texts
 * are the same bytes, as long as only the host's kernel writes there.
 */
export type FileStamp = string;

/** By the unit's name and the stamps of all its files in the order in which they count. */
export interface UnitMemory {
  get(unit: string, stamps: readonly FileStamp[]): Unit | undefined;
  put(unit: string, stamps: readonly FileStamp[], parsed: Unit): void;
  /** Forgets what nobody has asked for since the last time. `isChanged`: what is left is not what there was. */
  settle(): { readonly units: readonly KeptUnit[]; readonly isChanged: boolean };
}

/** What is not there is as in a unit that says nothing of it. */
export type KeptUnit = readonly [unit: string, stamps: string, said: Partial<Unit>];

/** `isLasting`: whether bytes with this stamp are the same at the next look. */
export function unitMemory(isLasting: (stamp: FileStamp) => boolean, kept: readonly KeptUnit[] = []): UnitMemory {
  const known = new Map(kept.map((one) => [one[0], one]));
  let used = new Map<string, KeptUnit>();
  let isChanged = false;
  return {
    get: (unit, stamps) => {
      const found = known.get(unit);
      if (found === undefined || found[1] !== stamps.join(SEPARATOR)) return undefined;
      used.set(unit, found);
      return { ...silent(unit), ...found[2] };
    },
    put: (unit, stamps, parsed) => {
      if (!stamps.every(isLasting)) return;
      const fresh: KeptUnit = [unit, stamps.join(SEPARATOR), said(parsed)];
      known.set(unit, fresh);
      used.set(unit, fresh);
      isChanged = true;
    },
    settle: () => {
      for (const unit of known.keys()) if (!used.has(unit) && known.delete(unit)) isChanged = true;
      const settled = { units: [...used.values()], isChanged };
      used = new Map();
      isChanged = false;
      return settled;
    },
  };
}

const SEPARATOR = ", ";

const NOTHING = fromFiles("", []);

/** A unit of that name whose files are there and say nothing. */
function silent(unit: string): Unit {
  return { ...NOTHING, id: unit, names: [unit], loadState: "loaded" };
}

function said(unit: Unit): Partial<Unit> {
  const nothing = Object.entries(silent(unit.id)).map(([key, value]) => [key, JSON.stringify(value)]);
  const defaults = new Map(nothing as [string, string | undefined][]);
  return Object.fromEntries(
    Object.entries(unit).filter(([key, value]) => !defaults.has(key) || defaults.get(key) !== JSON.stringify(value)),
  );
}
