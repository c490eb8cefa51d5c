// How hold and unhold change a file of /etc/portreserve: just the lines that ask for the ports, and no other byte.
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { serviceBook } from "../../src/core/config/services.ts";
import type { ReservationKind } from "../../src/core/config/types.ts";
import { heldPorts, kindsIn } from "../../src/core/hold/held-ports.ts";
import { type PortPlace, placeText, portLines } from "../../src/core/hold/port-lines.ts";
import { withKind, withMore } from "../../src/core/hold/with-kind.ts";
import { configureText, ports, SERVICES } from "./inputs.ts";

const BOOK = serviceBook({ services: SERVICES });

function places(...words: readonly string[]): PortPlace[] {
  return words.map((word) => {
    const [port, protocol] = word.split("/");
    return { port: Number(port), protocol: protocol as PortPlace["protocol"] };
  });
}

function changed(text: string, kind: ReservationKind, ...words: readonly string[]): string {
  return Buffer.from(withKind(Buffer.from(text, "latin1"), BOOK, places(...words), kind)).toString("latin1");
}

const IPP = ["631/tcp", "631/udp"];

describe("a line gets the word", () => {
  test.each([
    ["behind its port", "631\n", "631 hold\n"],
    ["behind its service, in front of a comment", " ipp # printing\n", " ipp hold # printing\n"],
    ["in front of a comment that touches it", "ipp# printing", "ipp hold# printing"],
    ["in the place of another one", "ipp\t \tblock\t# no\r\n", "ipp hold\t# no\r\n"],
    ["in a file with a byte order mark", "\u00ef\u00bb\u00bf 631\r\n", "\u00ef\u00bb\u00bf 631 hold\r\n"],
    [
      "with the lines of others as they are",
      "600\n\n#631\n631\nnosuch\n631 x y",
      "600\n\n#631\n631 hold\nnosuch\n631 x y",
    ],
    ["once, where two ask for the same", "631\nipp\n", "631 hold\nipp\n"],
    ["not where another line has it", "ipp\n631 HOLD\n", "ipp\n631 HOLD\n"],
    ["and other bytes stay, whatever they are", "631 # \u00e9\u00ff\n", "631 hold # \u00e9\u00ff\n"],
  ])("%s", (_, text, expected) => {
    expect(changed(text, "hold", ...IPP)).toBe(expected);
    expect(changed(expected, "hold", ...IPP)).toBe(expected);
  });

  test("of its own where the old one asks for more", () => {
    expect(changed("ipp # both\n", "hold", "631/tcp")).toBe("ipp # both\n631/tcp hold\n");
    expect(changed("600-610\r\n700\r\n", "hold", "601/tcp", "602/tcp", "602/udp")).toBe(
      "600-610\r\n601/tcp hold\r\n602 hold\r\n700\r\n",
    );
    expect(changed("ipp", "hold", "631/udp")).toBe("ipp\n631/udp hold");
  });

  test("and a block of more than that stays one for the rest", () => {
    expect(changed("623-626/udp block # BMC\n", "hold", "624/udp")).toBe(
      "623-626/udp # BMC\n623/udp block\n625-626/udp block\n624/udp hold\n",
    );
  });
});

describe("a line loses the word", () => {
  test.each([
    ["with one blank or many", "ipp   hold\t# x\n", "ipp\t# x\n"],
    ["and the others keep theirs", "ipp hold\n993 hold\n", "ipp\n993 hold\n"],
    ["in every line", "ipp block\n631/tcp hold\n631/udp HOLD", "ipp\n631/tcp\n631/udp"],
  ])("%s", (_, text, expected) => {
    expect(changed(text, "reserve", ...IPP)).toBe(expected);
    expect(changed(expected, "reserve", ...IPP)).toBe(expected);
  });

  test("and the rest of it gets lines with it", () => {
    expect(changed("ipp hold # printing\n", "reserve", "631/udp")).toBe("ipp # printing\n631/tcp hold\n");
    expect(changed("600-604/tcp hold", "reserve", "602/tcp")).toBe("600-604/tcp\n600-601/tcp hold\n603-604/tcp hold");
  });
});

test("ports of no line come last, and in a new file behind a line that says who wrote it", () => {
  const more = (text: string | undefined): string =>
    Buffer.from(
      withMore(text === undefined ? undefined : Buffer.from(text), places(...IPP, "623/udp"), "block", "# head"),
    ).toString();
  expect(more(undefined)).toBe("# head\n623/udp block\n631 block\n");
  expect(more("600")).toBe("600\n623/udp block\n631 block\n");
  expect(more("")).toBe("623/udp block\n631 block\n");
  expect(portLines(places("600/udp", "601/udp", "601/tcp", "602/udp"), "reserve")).toEqual([
    "600/udp",
    "601",
    "602/udp",
  ]);
});

const entry = fc
  .tuple(
    fc.constantFrom("600", "601", "600-603", "631", "ipp", "602/tcp", "603/udp", "nosuch", "", "601-602/udp"),
    fc.constantFrom("", " hold", " block", "\tHOLD ", " hodl"),
    fc.constantFrom("", "# x", " # \u00e9", "\r"),
  )
  .map((parts) => parts.join(""));
const text = fc.array(entry, { maxLength: 6 }).map((lines) => lines.join("\n"));
const wish = fc.uniqueArray(fc.constantFrom<string>("600/tcp", "601/tcp", "601/udp", "602/tcp", "603/udp", "631/tcp"), {
  maxLength: 4,
});

test("whatever the file: what is asked for is so, all else is as before, and every other line keeps its bytes", () => {
  fc.assert(
    fc.property(text, wish, fc.constantFrom("hold", "block", "reserve"), (before, wanted, kind) => {
      const after = changed(before, kind as ReservationKind, ...wanted);
      const [old, now] = [before, after].map((file) => configureText(Buffer.from(file, "latin1")));
      if (old === undefined || now === undefined) throw new Error("neither");
      expect([...new Set(ports(now))]).toEqual([...new Set(ports(old))]);
      const [was, is] = [old, now].map((configuration) => kindsIn(heldPorts(configuration)));
      for (const row of old.reservations) {
        const word = kind === "reserve" ? undefined : kind;
        expect([placeText(row), is?.(row)]).toEqual([
          placeText(row),
          wanted.includes(placeText(row)) ? word : was?.(row),
        ]);
      }
      // A line is kept, or changed in its word alone; new ones are between.
      const lines = after.split("\n");
      for (const line of before.split("\n")) {
        const at = lines.findIndex((one) => one === line || wordless(one) === wordless(line));
        expect([line, at >= 0]).toEqual([line, true]);
        lines.splice(0, at + 1);
      }
      expect(changed(after, kind as ReservationKind, ...wanted)).toBe(after);
    }),
    { numRuns: 500 },
  );
});

function wordless(line: string): string {
  return line.replace(/^([^ \t#]+)[ \t]+(hold|block)/i, "$1");
}
