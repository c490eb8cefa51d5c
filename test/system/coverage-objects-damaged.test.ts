// Facts of ELF files whose bytes are damaged or cut, the built shim among them, and of a shim whose marker is forged.
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesSource } from "../../src/core/elf/reader.ts";
import { nativeFolder } from "../../src/core/native.ts";
import type { ElfFacts } from "../../src/coverage/facts.ts";
import { elfFacts, slotsOf } from "../../src/observe/programs/elf-facts.ts";
import { craft, LAYOUTS } from "../core/elf-image.ts";
import { made } from "../core/elf-made.ts";

test("reads our shim's marker, and no text that is not plain", () => {
  const shim = readFileSync(path.join(nativeFolder(), "libportreserve.so"));
  const facts = elfFacts(bytesSource(shim)) as ElfFacts;
  expect(facts.marker).toMatch(/^portreserve \d+\.\d+\.\d+ table 1$/);
  expect(facts.defines).toContain("rresvport_af");
  const text = Buffer.from(facts.marker ?? "", "latin1");
  const at = shim.indexOf(text);
  const forged = Buffer.from(shim);
  forged[at + 3] = 0x0a;
  expect(elfFacts(bytesSource(forged))).toMatchObject({ marker: undefined });
});

test("never throws, whatever bytes of a file are damaged or cut", () => {
  const shim = readFileSync(path.join(nativeFolder(), "libportreserve.so"));
  const originals = [
    shim,
    ...LAYOUTS.flatMap(({ bits, byteOrder }) => [
      made(bits, byteOrder),
      craft({ bits, byteOrder, machine: 62, hash: "gnu" }),
    ]),
  ];
  const place = fc.oneof(fc.integer({ min: 0, max: 1200 }), fc.nat());
  const damage = fc.array(fc.tuple(place, fc.oneof(fc.constantFrom(0, 1, 0x7f, 0xff), fc.nat(255))), { maxLength: 6 });
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.constantFrom(...originals), damage, fc.option(fc.nat(4000)), (original, changes, length) => {
      const bytes = Uint8Array.from(original.subarray(0, length ?? undefined));
      for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
      const source = bytesSource(bytes);
      slotsOf(source);
      const facts = elfFacts(source);
      seen.add(facts === undefined ? "no file" : "unseen" in facts ? "unseen" : "facts");
    }),
    { numRuns: 4000 },
  );
  expect([...seen].sort()).toEqual(["facts", "no file", "unseen"]);
});
