// The loader's cache where it is made to become more than it is. How real ones are read is in test/system.
import { expect, test } from "vitest";
import { readLoaderCache } from "../../src/observe/programs/loader/cache.ts";

const HEADER = 48;
const ENTRY = 24;

/** A cache of so many entries, all of which have one and the same text for name and path. */
function cacheOf(entries: number, text: string): Buffer {
  const textAt = HEADER + ENTRY * entries;
  const bytes = Buffer.alloc(textAt + text.length + 1);
  bytes.write("glibc-ld.so.cache1.1", "latin1");
  bytes.writeUInt32LE(entries, 20);
  bytes.writeUInt32LE(text.length + 1, 24);
  bytes[28] = 2;
  for (let index = 0; index < entries; index += 1) {
    const at = HEADER + ENTRY * index;
    bytes.writeUInt32LE(0x303, at);
    bytes.writeUInt32LE(textAt, at + 4);
    bytes.writeUInt32LE(textAt, at + 8);
  }
  bytes.write(text, textAt, "latin1");
  return bytes;
}

test("reads entries that share a text, as ldconfig lets them", () => {
  const cache = readLoaderCache(cacheOf(1000, "libc.so.6"));
  expect(cache?.entries.length).toBe(1000);
  expect(cache?.entries[999]).toEqual({ soname: "libc.so.6", path: "libc.so.6", flags: 0x303, isSpecial: false });
});

test("takes no file for a cache whose entries would make gigabytes of its one text", () => {
  expect(readLoaderCache(cacheOf(300_000, "a".repeat(4000)))).toBeUndefined();
});
