// The line that says how far a scan is.
import { expect, test } from "vitest";
import { progressLine, progressText } from "../../src/report/progress.ts";

const START = "\r\u001b[K";

function played(steps: readonly (readonly [time: number, text: string | undefined])[]): string {
  let now = 0;
  let written = "";
  const line = progressLine(
    (text) => {
      written += text;
    },
    () => now,
  );
  for (const [time, text] of steps) {
    now = time;
    line(text);
  }
  return written;
}

test("is silent for half a second, then rewritten now and then, and erased at the end", () => {
  expect(
    played([
      [0, "a"],
      [499, "b"],
      [501, "c\n"],
      [550, "d"],
      [650, "e"],
      [651, undefined],
    ]),
  ).toBe(`${START}c\\n${START}e${START}`);
  expect(
    played([
      [0, "a"],
      [499, undefined],
      [1200, "b"],
      [1300, undefined],
    ]),
  ).toBe("");
});

test("says what is looked at", () => {
  expect(progressText({ what: "processes", done: 812, total: 2000 })).toBe("looking at processes: 812 of 2000");
});
