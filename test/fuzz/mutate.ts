// Real inputs with a few changes, as a fuzzer makes them: bytes overwritten, taken out, put in, doubled, cut off.
import fc from "fast-check";

/** What breaks parsers of numbers: around zero, around the signs, around the ends. */
const EDGES = [0n, 1n, 2n, 0x7fn, 0x80n, 0xffn, 0xfffn, 0x1000n, 0x7fffn, 0xffffn, 0x10000n, 0x7fffffffn, 0x80000000n];
const WIDE = [
  0xfffffff8n,
  0xffffffffn,
  0x100000000n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 8n,
  2n ** 64n - 1n,
];

type Edit =
  | { readonly kind: "number"; readonly at: number; readonly width: 1 | 2 | 4 | 8; readonly value: bigint }
  | { readonly kind: "bytes"; readonly at: number; readonly gone: number; readonly bytes: Uint8Array }
  | { readonly kind: "double"; readonly at: number; readonly length: number; readonly times: number }
  | { readonly kind: "end"; readonly at: number };

const anywhere = fc.oneof(fc.nat(63), fc.nat(1023), fc.nat(65_535));

function anyEdit(words: readonly string[]): fc.Arbitrary<Edit> {
  const number = fc.record({
    kind: fc.constant("number" as const),
    at: anywhere,
    width: fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const),
    value: fc.oneof(fc.constantFrom(...EDGES, ...WIDE), fc.bigInt({ min: 0n, max: 0xffffn })),
  });
  const word = fc.constantFrom(...words).map((text) => Uint8Array.from(Buffer.from(text, "latin1")));
  const bytes = fc.record({
    kind: fc.constant("bytes" as const),
    at: anywhere,
    gone: fc.oneof(fc.nat(2), fc.nat(64)),
    bytes: words.length === 0 ? fc.uint8Array({ maxLength: 8 }) : fc.oneof(word, fc.uint8Array({ maxLength: 8 })),
  });
  const double = fc.record({
    kind: fc.constant("double" as const),
    at: anywhere,
    length: fc.nat(80),
    times: fc.integer({ min: 1, max: 20 }),
  });
  const end = fc.record({ kind: fc.constant("end" as const), at: anywhere });
  return fc.oneof({ arbitrary: number, weight: 4 }, { arbitrary: bytes, weight: 4 }, double, end);
}

function edited(bytes: Buffer, edit: Edit): Buffer {
  const at = edit.at % (bytes.length + 1);
  switch (edit.kind) {
    case "number": {
      const whole = Buffer.alloc(8);
      whole.writeBigUInt64LE(edit.value);
      const copy = Buffer.from(bytes);
      whole.copy(copy, at, 0, edit.width);
      return copy;
    }
    case "bytes":
      return Buffer.concat([bytes.subarray(0, at), edit.bytes, bytes.subarray(at + edit.gone)]);
    case "double": {
      const part = bytes.subarray(at, at + edit.length);
      return Buffer.concat([
        bytes.subarray(0, at),
        ...Array.from({ length: edit.times }, () => part),
        bytes.subarray(at),
      ]);
    }
    case "end":
      return bytes.subarray(0, at);
  }
}

/** Any of the originals with up to eight changes; `words` are put in as they are. At most 64 KiB. */
export function mutated(originals: readonly Uint8Array[], words: readonly string[] = []): fc.Arbitrary<Buffer> {
  const edits = fc.array(anyEdit(words), { maxLength: 8, size: "max" });
  return fc
    .tuple(fc.constantFrom(...originals.map((bytes) => Buffer.from(bytes))), edits)
    .map(([original, changes]) =>
      changes.reduce<Buffer>((bytes, edit) => edited(bytes, edit).subarray(0, 65_536), original),
    );
}
