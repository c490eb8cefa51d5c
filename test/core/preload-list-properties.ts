// What holds for any preload list when our entry is added and removed.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { listText, loadedNames } from "../../src/core/preload-list/loaded.ts";
import { withEntry } from "../../src/core/preload-list/with-entry.ts";
import { withoutEntry } from "../../src/core/preload-list/without-entry.ts";
import { anyList, ENTRY, listWithoutNul } from "./preload-list-lists.ts";

export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
export const names = (list: Uint8Array | undefined): readonly string[] => (list === undefined ? [] : loadedNames(list));
const others = (list: Uint8Array | undefined): readonly string[] => names(list).filter((name) => name !== ENTRY);
export const shown = (list: Uint8Array | undefined): string | undefined =>
  list === undefined ? undefined : listText(list);

/** `undefined` where there is no place. */
export function added(list: Uint8Array | undefined): Uint8Array | undefined {
  const placement = withEntry(list, ENTRY);
  return placement.outcome === "placed" ? placement.bytes : undefined;
}

/** Tests of it, each with so many lists. */
export function holdsForAnyList(numRuns: number): void {
  const runs = { numRuns };

  describe("adding the entry", () => {
    it("makes ld.so load it once, and all others as before", () => {
      fc.assert(
        fc.property(anyList, (list) => {
          const edited = added(list);
          fc.pre(edited !== undefined);
          expect(names(edited).filter((name) => name === ENTRY)).toEqual([ENTRY]);
          expect(others(edited)).toEqual(others(list));
        }),
        runs,
      );
    });

    it("always finds a place without a NUL", () => {
      fc.assert(
        fc.property(listWithoutNul, (list) => {
          expect(withEntry(bytes(list), ENTRY).outcome).toBe("placed");
        }),
        runs,
      );
    });

    it("gives back what already loads it once", () => {
      fc.assert(
        fc.property(anyList, (list) => {
          const edited = added(list);
          fc.pre(edited !== undefined);
          expect(shown(added(edited))).toBe(shown(edited));
        }),
        runs,
      );
    });
  });

  describe("removing the entry", () => {
    it("makes ld.so load all others as before, wherever the entry stands", () => {
      fc.assert(
        fc.property(anyList, (list) => {
          expect(names(withoutEntry(list, ENTRY))).toEqual(others(list));
        }),
        runs,
      );
    });

    it("restores any list that did not load the entry, to the byte", () => {
      fc.assert(
        fc.property(anyList, (list) => {
          fc.pre(!names(list).includes(ENTRY));
          const edited = added(list);
          fc.pre(edited !== undefined);
          expect(shown(withoutEntry(edited, ENTRY))).toBe(shown(list));
        }),
        runs,
      );
    });
  });
}
