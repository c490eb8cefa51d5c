// The ELF reader on real files with changes: a value or a fault that says why, and work that has an end.
import fc from "fast-check";
import { incompatibilities } from "../../src/core/elf/abi-compat.ts";
import { readElf, withVersions } from "../../src/core/elf/read-elf.ts";
import { READ_LIMIT } from "../../src/core/elf/reader.ts";
import { symbols } from "../../src/core/elf/symbols.ts";
import type { ElfFault, ElfFile, ElfSource } from "../../src/core/elf/types.ts";
import { craft, LAYOUTS } from "../core/elf-image.ts";
import { corpus } from "./corpus.ts";
import { mutated } from "./mutate.ts";
import { type FuzzTarget, insist, shownBytes } from "./target.ts";

const HASHES = ["sysv", "gnu", "gnu-empty", "none"] as const;
const REASON = /^is (not an ELF file|(truncated|malformed|not supported): .+)$/s;
const WANTED = new Set(["bind", "bindresvport", "portreserve_shim", "f"]);

const real = corpus("elf");
const crafted = LAYOUTS.flatMap((layout) => HASHES.map((hash) => craft({ ...layout, hash })));

interface Case {
  readonly bytes: Buffer;
  /** What the source says its size is, beyond what it has: a file that shrinks, or a sparse one. */
  readonly claimed: number;
}

/** A source that counts, and that goes on with zeros where it claims to be longer than it is. */
function counting({ bytes, claimed }: Case): { readonly source: ElfSource; readonly read: () => number } {
  let read = 0;
  const source: ElfSource = {
    size: bytes.length + claimed,
    read: (offset, length) => {
      const part = bytes.subarray(offset, offset + length);
      const answer = claimed === 0 ? part : Buffer.concat([part, Buffer.alloc(Math.max(0, length - part.length))]);
      read += answer.length;
      return answer;
    },
  };
  return { source, read: () => read };
}

function isFault(result: ElfFile | readonly unknown[] | ElfFault): result is ElfFault {
  if (!("fault" in result)) return false;
  const { reason } = result;
  insist(REASON.test(reason) && reason.length < 500, () => `a fault without a reason: ${reason.slice(0, 500)}`);
  return true;
}

/** How much text a file came to: names that overlap can make much of little. */
function textLength({ needed, versionsNeeded, versionsDefined, soname, rpath, runpath, interpreter }: ElfFile): number {
  const names = [...needed, ...versionsDefined, soname, rpath, runpath, interpreter];
  const all = [...names, ...versionsNeeded.flatMap(({ file, version }) => [file, version])];
  return all.reduce((sum, text) => sum + (text?.length ?? 0), 0);
}

function check(one: Case): void {
  const { source, read } = counting(one);
  const file = readElf(source);
  if (!isFault(file)) {
    insist(textLength(file) <= READ_LIMIT, () => `${textLength(file)} characters of text`);
    const all = symbols(file);
    const some = symbols(file, WANTED);
    if (!isFault(all) && !isFault(some)) {
      const picked = all.filter(({ name }) => WANTED.has(name));
      insist(JSON.stringify(picked) === JSON.stringify(some), () => "symbols() finds others when it is asked by name");
    }
    incompatibilities(file, file);
  }
  const brief = readElf(source, "without versions");
  insist(
    isFault(brief) || isFault(file) === isFault(withVersions(brief)),
    () => "withVersions() differs from readElf()",
  );
  insist(isFault(file) || !isFault(brief), () => "readElf() refuses without versions what it takes with them");
  // Five readers, each with a budget of its own, and a block more than it when it runs out.
  insist(read() <= 6 * READ_LIMIT, () => `${read()} bytes read`);
}

export const target: FuzzTarget<Case> = {
  seeds: real.length + crafted.length,
  cases: fc.record({
    bytes: mutated([...real, ...real, ...real, ...crafted], ["\x7fELF", "GLIBC_2.17", "\0", "libc.so.6"]),
    // Rarely: what reads zeros for its whole budget takes a tenth of a second.
    claimed: fc.oneof(
      { arbitrary: fc.constant(0), weight: 200 },
      { arbitrary: fc.constantFrom(1, 4096, 2 ** 20, 2 ** 31, 2 ** 40), weight: 1 },
    ),
  }),
  check,
  show: ({ bytes, claimed }) => `${claimed} more bytes claimed, ${shownBytes(bytes)}`,
};
