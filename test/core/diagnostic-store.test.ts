// The bound on diagnostics: the first ones are kept, the others are counted, and no line is lost from the count.
import { expect, test } from "vitest";
import { configure } from "../../src/core/config/configure.ts";
import { FILE_DIAGNOSTICS } from "../../src/core/config/diagnostic-store.ts";
import type { Diagnostic } from "../../src/core/config/types.ts";
import { diagnosticCount } from "../../src/report/diagnostics.ts";
import { blacklistFile, configureText, inputs, ownerFile, ports } from "./inputs.ts";

const MORE_ERRORS = {
  severity: "error",
  code: "more-diagnostics",
  hint: "correct the lines that are shown, then check again",
} as const;

const MORE_NOTES = {
  severity: "note",
  code: "more-diagnostics",
  hint: "at most 100 notes a file are kept",
} as const;

const FILE = "/etc/portreserve/owner";

function onLines(diagnostics: readonly Diagnostic[]): (number | undefined)[] {
  return diagnostics.filter(({ code }) => code !== "more-diagnostics").map(({ place }) => place?.line);
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

test("keeps every diagnostic on a file with just as many as are kept", () => {
  const { diagnostics } = configureText("zz9\n".repeat(FILE_DIAGNOSTICS));
  expect(onLines(diagnostics)).toEqual(upTo(FILE_DIAGNOSTICS));
  expect(diagnostics.length).toBe(FILE_DIAGNOSTICS);
});

test("counts the rejected lines beyond the first hundred, and reserves what the good ones between them say", () => {
  const one = configureText(`${"zz9\n".repeat(FILE_DIAGNOSTICS)}631/tcp\n0\n`);
  expect(ports(one)).toEqual(["631/tcp"]);
  expect(onLines(one.diagnostics)).toEqual(upTo(FILE_DIAGNOSTICS));
  expect(one.diagnostics[0]).toEqual({
    ...MORE_ERRORS,
    message: "1 more line of this file is rejected, and is not shown",
    file: FILE,
    count: 1,
  });
  const many = configureText("x\n".repeat(32_700));
  expect(onLines(many.diagnostics)).toEqual(upTo(FILE_DIAGNOSTICS));
  expect(many.diagnostics[0]).toEqual({
    ...MORE_ERRORS,
    message: "32600 more lines of this file are rejected, and are not shown",
    file: FILE,
    count: 32_600,
  });
  expect(diagnosticCount(many.diagnostics, "error")).toBe(32_700);
  expect(diagnosticCount(many.diagnostics, "note")).toBe(0);
});

test("counts notes apart from errors", () => {
  const { diagnostics, reservations } = configureText(`${"2000/udp\n".repeat(FILE_DIAGNOSTICS + 1)}0\n2000/udp\n`);
  expect(reservations.length).toBe(1);
  expect(onLines(diagnostics)).toEqual([...upTo(FILE_DIAGNOSTICS), FILE_DIAGNOSTICS + 2]);
  expect(diagnostics[0]).toEqual({
    ...MORE_NOTES,
    message: "2 more notes on lines of this file are left out",
    file: FILE,
    count: 2,
  });
  expect([diagnosticCount(diagnostics, "error"), diagnosticCount(diagnostics, "note")]).toEqual([
    1,
    FILE_DIAGNOSTICS + 2,
  ]);
  const single = configureText("2000/udp\n".repeat(FILE_DIAGNOSTICS + 1)).diagnostics;
  expect(single[0]?.message).toBe("1 more note on a line of this file is left out");
});

test("counts the dropped lines of the blacklist as well", () => {
  const { diagnostics } = configure(inputs({ blacklist: blacklistFile("x\n".repeat(FILE_DIAGNOSTICS + 3)) }));
  expect(diagnostics.length).toBe(FILE_DIAGNOSTICS + 1);
  expect(diagnostics[0]).toEqual({
    ...MORE_NOTES,
    message: "3 more notes on lines of this file are left out",
    file: "/etc/bindresvport.blacklist",
    count: 3,
  });
});

test("keeps what is wrong with a whole file, and counts for each file alone", () => {
  const owners = ["a", "b"].map((name) => ownerFile(name, "0\n".repeat(FILE_DIAGNOSTICS + 1)));
  const large = ownerFile("p", "x".repeat(65_537));
  const { diagnostics } = configure(inputs({ owners: [...owners, large] }));
  expect(onLines(diagnostics).filter((line) => line !== undefined).length).toBe(2 * FILE_DIAGNOSTICS);
  expect(
    diagnostics.filter(({ place }) => place === undefined).map(({ code, file, count }) => [code, file, count]),
  ).toEqual([
    ["more-diagnostics", "/etc/portreserve/a", 1],
    ["more-diagnostics", "/etc/portreserve/b", 1],
    ["file-too-large", "/etc/portreserve/p", undefined],
  ]);
});
