// What holds for any bytes and any order: nothing throws, every line is accounted for, the digest stays.
import fc from "fast-check";
import { expect, test } from "vitest";
import { configure } from "../../src/core/config/configure.ts";
import type { Configuration, SourceFile } from "../../src/core/config/types.ts";
import { heldPorts } from "../../src/core/hold/held-ports.ts";
import { tableContent } from "../../src/core/table/content.ts";
import { blacklistFile, configureText, errors, inputs, ownerFile, ports, SERVICES } from "./inputs.ts";

const PIECES = [
  ...["0", "1", "6", "9", "600", "631", "1023", "1024", "65535", "65536", "99999999999", "-", "+", "0x", "x", ".", ","],
  ...["/", "/tcp", "/UDP", "/sctp", "tcp", "ipp", "rsync", "krb5_prop", "nfs", "é", "𝔦", "\u00a0", "\u200b", "–", "'"],
  ...["hold", " Hold", " block", "\tBLOCK ", "hodl"],
  ...[" ", "\t", "#", "\r", "\0", "\u001b", "\ufeff", "\ufffd", "\\", "__proto__", "constructor"],
];
const nearLine = fc.array(fc.constantFrom(...PIECES), { maxLength: 6 }).map((pieces) => pieces.join(""));
const nearText = fc.array(nearLine, { maxLength: 8 }).map((lines) => Buffer.from(lines.join("\n")));
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  nearText,
  fc.tuple(nearText, fc.uint8Array({ maxLength: 6 }), nearText).map((parts) => Buffer.concat(parts)),
);

function linesOf(bytes: Uint8Array): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let at = 0; at <= bytes.length; at += 1) {
    if (at < bytes.length && bytes[at] !== 0x0a) continue;
    lines.push(Buffer.from(bytes.slice(start, at)));
    start = at + 1;
  }
  return lines;
}

/** Every diagnostic with a place points into a line that is really there. */
function expectPlacesInside(configuration: Configuration, files: readonly SourceFile[]): void {
  for (const { place } of configuration.diagnostics) {
    if (place === undefined) continue;
    const file = files.find(({ path }) => path === place.file);
    const line = linesOf(file?.bytes ?? new Uint8Array())[place.line - 1]?.toString("utf8") ?? "no such line";
    const shown = [...place.text].length;
    expect(line.endsWith(place.text) || line.endsWith(`${place.text}\r`)).toBe(true);
    expect(place.column).toBeGreaterThanOrEqual(1);
    expect(place.length).toBeGreaterThanOrEqual(1);
    expect(place.column - 1 + place.length).toBeLessThanOrEqual(shown);
  }
}

test("never throws, and points only at what is there, whatever the bytes of any file", () => {
  fc.assert(
    fc.property(anyBytes, anyBytes, fc.option(anyBytes, { nil: undefined }), (owner, black, services) => {
      const owners = [ownerFile("owner", owner)];
      const blacklist = blacklistFile(black);
      const book = services === undefined ? undefined : { path: "/etc/services", bytes: services };
      const configuration = configure({ owners, blacklist, services: book, problems: [] });
      expectPlacesInside(configuration, [...owners, blacklist]);
    }),
    { numRuns: 2000 },
  );
});

test("accounts for each line: it reserves something, is blank or a comment, or has an error", () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const configuration = configureText(bytes);
      const failed = new Set(errors(configuration).map(({ place }) => place?.line));
      if (failed.has(undefined)) return;
      const unaccounted = linesOf(bytes).filter((line, index) => {
        const blank = /^(\ufeff|\xef\xbb\xbf)?[ \t]*\r?$/.test(line.toString("latin1").replace(/#.*$/s, ""));
        return !blank && !failed.has(index + 1) && configureText(line).reservations.length === 0;
      });
      expect(unaccounted).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

const protocols = fc.constantFrom("", "/tcp", "/udp", "/TCP", "/Udp");
const goodLine = fc
  .record({
    first: fc.integer({ min: 1, max: 65535 }),
    more: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
    protocol: protocols,
    word: fc.constantFrom("", "", " hold", "\t HOLD"),
    before: fc.stringMatching(/^[ \t]{0,3}$/),
    after: fc.constantFrom("", " ", "\t\r", "# x", " # 603/tcp", "\r"),
  })
  .map(({ first, more, protocol, word, before, after }) => {
    const last = Math.min(65535, first + (more ?? 0));
    const text = `${before}${first}${more === undefined ? "" : `-${last}`}${protocol}${word}${after}`;
    const wanted = protocol === "" ? ["tcp", "udp"] : [protocol.slice(1).toLowerCase()];
    const span = Array.from({ length: last - first + 1 }, (_, index) => first + index);
    return { text, isHeld: word !== "", rows: span.flatMap((port) => wanted.map((name) => `${port}/${name}`)) };
  });

test("reserves exactly what well-formed lines say, in any notation", () => {
  fc.assert(
    fc.property(fc.array(goodLine, { maxLength: 12 }), (lines) => {
      const configuration = configureText(lines.map(({ text }) => text).join("\n"));
      expect(new Set(ports(configuration))).toEqual(new Set(lines.flatMap(({ rows }) => rows)));
      expect(ports(configuration).length).toBe(new Set(lines.flatMap(({ rows }) => rows)).size);
      expect(errors(configuration)).toEqual([]);
    }),
  );
});

test("holds exactly what some line says, whatever the others say, in any order", () => {
  fc.assert(
    fc.property(fc.array(goodLine, { maxLength: 12 }), (lines) => {
      const texts = lines.map(({ text }) => text);
      const said = new Set(lines.filter(({ isHeld }) => isHeld).flatMap(({ rows }) => rows));
      for (const content of [texts, texts.toReversed(), [...texts, ...texts]]) {
        const held = heldPorts(configureText(content.join("\n"))).map(({ port, protocol }) => `${port}/${protocol}`);
        expect(new Set(held)).toEqual(said);
        expect(held.length).toBe(said.size);
      }
    }),
  );
});

test("lets no bad line touch the others", () => {
  fc.assert(
    fc.property(fc.array(goodLine, { maxLength: 6 }), nearLine, fc.nat(6), (lines, odd, at) => {
      const texts = lines.map(({ text }) => text);
      // A mark at the very start of a file is taken away, which would make the line another one there.
      fc.pre(!odd.includes("\ufeff"));
      const with_ = ports(configureText([...texts.slice(0, at), odd, ...texts.slice(at)].join("\n")));
      const expected = new Set([...ports(configureText(texts.join("\n"))), ...ports(configureText(odd))]);
      expect(new Set(with_)).toEqual(expected);
    }),
  );
});

test("keeps ports and digest through any order, repetition, comment and place of the files", () => {
  const file = fc.record({ owner: fc.string({ maxLength: 4 }), lines: fc.array(goodLine, { maxLength: 5 }) });
  fc.assert(
    fc.property(
      fc.uniqueArray(file, { maxLength: 5, selector: ({ owner }) => owner }),
      fc.infiniteStream(fc.nat()),
      (files, picks) => {
        const shuffled = <T>(items: readonly T[]) =>
          items
            .map((item): [number, T] => [picks.next().value ?? 0, item])
            .sort(([a], [b]) => a - b)
            .map(([, item]) => item);
        const plain = files.map(({ owner, lines }) => ownerFile(owner, lines.map(({ text }) => text).join("\n")));
        const other = files.map(({ owner, lines }) => {
          const texts = lines.map(({ text }) => text.replace(/\r$/, ""));
          const content = ["# kept by hand", ...shuffled([...texts, ...texts]), ""].join("\r\n");
          return { ...ownerFile(owner, content), path: `/srv/image/${owner}` };
        });
        const once = configure(inputs({ owners: plain }));
        const again = configure(inputs({ owners: shuffled(other), services: { ...SERVICES, path: "/srv/services" } }));
        expect(tableContent(again)).toEqual(tableContent(once));
        const key = ({ port, protocol, owner }: (typeof once.reservations)[number]) => `${port}/${protocol} ${owner}`;
        expect(again.reservations.map(key)).toEqual(once.reservations.map(key));
      },
    ),
  );
});

test("gives rows in the promised order, each once", () => {
  fc.assert(
    fc.property(fc.array(nearText, { maxLength: 4 }), nearText, (contents, black) => {
      const owners = contents.map((content, index) => ownerFile(`owner ${index % 3}`, content)).toReversed();
      const { reservations } = configure(inputs({ owners, blacklist: blacklistFile(black) }));
      const keys = reservations.map(({ port, protocol, owner, file }) => [
        String(port).padStart(5, "0"),
        protocol,
        owner,
        file,
      ]);
      const texts = keys.map((key) => JSON.stringify(key));
      expect(texts).toEqual([...new Set(texts)].sort());
    }),
  );
});
