// The caret under a line: it points at the very characters, whatever the line holds and however long it is.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cellWidth, escapeText } from "../../src/report/escape.ts";
import { excerpt } from "../../src/report/excerpt.ts";

function shown(text: string, column: number, length: number): string {
  const { text: line, marks } = excerpt({ file: "", line: 1, column, length, text });
  return `${line}\n${marks}`;
}

describe("the caret", () => {
  test.each([
    ["plain text", "ipp/sctp", 5, 4, "ipp/sctp\n    ^^^^"],
    ["tabs", "\tipp\tx", 6, 1, "        ipp     x\n                ^"],
    ["a tab itself", "ipp\tx", 4, 1, "ipp     x\n   ^^^^^"],
    ["escaped characters", "a\u001b\u202eb", 4, 1, "a\\x1b\\u{202e}b\n             ^"],
    ["wide characters", "端口 x", 4, 1, "端口 x\n     ^"],
    ["combining characters", "e\u0301 x", 4, 1, "e\u0301 x\n  ^"],
    ["characters outside the first plane", "😀x", 2, 1, "😀x\n  ^"],
    ["the end of the line", "631/", 5, 1, "631/\n    ^"],
  ])("finds its place after %s", (_, text, column, length, expected) => {
    expect(shown(text, column, length)).toBe(expected);
  });

  test("keeps a long line around the place", () => {
    const text = `${"a".repeat(500)}WRONG${"b".repeat(500)}`;
    expect(shown(text, 501, 5)).toBe(`…${"a".repeat(30)}WRONG${"b".repeat(63)}…\n${" ".repeat(31)}^^^^^`);
    expect(shown(text, 1, 3)).toBe(`${"a".repeat(99)}…\n^^^`);
    expect(shown(text, 501, 505)).toBe(`…${"a".repeat(30)}WRONG${"b".repeat(63)}…\n${" ".repeat(31)}${"^".repeat(69)}`);
  });

  test("is under the marked characters, and neither line is wider than 100 cells, for any line", () => {
    const lines = fc.string({
      unit: fc.oneof(fc.constant("x"), fc.constant("\t"), fc.string({ unit: "binary", minLength: 1, maxLength: 1 })),
      maxLength: 300,
    });
    fc.assert(
      fc.property(lines, fc.nat(), fc.integer({ min: 1, max: 20 }), (text, seed, length) => {
        const characters = [...text];
        const column = (seed % (characters.length + 1)) + 1;
        const { text: line, marks } = excerpt({ file: "", line: 1, column, length, text });
        const indent = marks.length - marks.trimStart().length;
        expect(cellWidth(line)).toBeLessThanOrEqual(100);
        expect(marks.length).toBeLessThanOrEqual(110);
        const marked = characters[column - 1];
        if (marked === undefined || marked === "\t" || cellWidth(escapeText(marked)) === 0) return;
        const rest = dropCells(line, indent);
        expect(rest.startsWith(escapeText(marked).trimEnd())).toBe(true);
      }),
    );
  });
});

function dropCells(line: string, cells: number): string {
  let rest = line;
  for (let left = cells; left > 0; ) {
    const character = String.fromCodePoint(rest.codePointAt(0) ?? 0x20);
    rest = rest.slice(character.length);
    left -= cellWidth(character);
  }
  // Combining characters belong to the cell before.
  return rest.replace(/^[\p{Mn}\p{Me}]+/u, "");
}

describe("escaping", () => {
  test.each([
    ["a byte of a name that is not UTF-8", "a\udc80\udcff", "a\\x80\\xff"],
    ["lone characters that are no such byte", "\udc7f\udd00\ud800", "\\u{dc7f}\\u{dd00}\\u{d800}"],
    ["controls of one byte, and the same numbers as characters", "\u007f\u0080\u00ff", "\\x7f\\u{80}ÿ"],
    ["the short forms", "\\\n\r\t\0", "\\\\\\n\\r\\t\\x00"],
    ["spaces that are not ' '", "a\u00a0b\u3000 ", "a\\u{a0}b\\u{3000} "],
    ["Hangul fillers", "\u3164\u115f\u1160\uffa0", "\\u{3164}\\u{115f}\\u{1160}\\u{ffa0}"],
    ["joiners and variation selectors", "\u034f\ufe0f\u180b\u{e0100}", "\\u{34f}\\u{fe0f}\\u{180b}\\u{e0100}"],
    ["vowels that are not shown", "\u17b4\u17b5", "\\u{17b4}\\u{17b5}"],
    ["the empty Braille pattern and no other", "\u2800\u2801", "\\u{2800}\u2801"],
  ])("shows %s", (_, text, expected) => {
    expect(escapeText(text)).toBe(expected);
  });

  test("leaves no control, formatting or lone character, and no two texts look the same", () => {
    const texts = fc.string({
      unit: fc.oneof(
        fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
        fc.constantFrom("\\", "x", "1", "b", "\udc85", "\u0085", "\u3164", "\u2800", "\ufe0f", "\n", "\u2028"),
      ),
    });
    fc.assert(
      fc.property(texts, texts, (one, other) => {
        expect(escapeText(one)).not.toMatch(
          /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u00a0]/u,
        );
        if (one !== other) expect(escapeText(one)).not.toBe(escapeText(other));
      }),
    );
  });
});
