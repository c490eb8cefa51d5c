// The bound on remarks: the first ones are kept, the others are counted, and no line is lost from the count.
import { expect, test } from "vitest";
import { configure } from "../../src/core/config/configure.ts";
import { ALL_REMARKS, EXCERPT_CHARACTERS, FILE_REMARKS } from "../../src/core/config/remarks.ts";
import type { Diagnostic } from "../../src/core/config/types.ts";
import { remarkCount } from "../../src/report/diagnostics.ts";
import { blacklistFile, configureText, inputs, ownerFile, ports } from "./inputs.ts";

const MORE_ERRORS = {
  severity: "error",
  code: "more-remarks",
  hint: "correct the lines that have one, then check again",
} as const;

const MORE_NOTES = {
  severity: "note",
  code: "more-remarks",
  hint: "at most 100 notes a file are kept, and 10000 in all",
} as const;

const FILE = "/etc/portreserve/owner";

function onLines(diagnostics: readonly Diagnostic[]): (number | undefined)[] {
  return diagnostics.filter(({ code }) => code !== "more-remarks").map(({ place }) => place?.line);
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

test("keeps every remark on a file with just as many as are kept", () => {
  const { diagnostics } = configureText("zz9\n".repeat(FILE_REMARKS));
  expect(onLines(diagnostics)).toEqual(upTo(FILE_REMARKS));
  expect(diagnostics.length).toBe(FILE_REMARKS);
});

test("counts the rejected lines beyond the first hundred, and reserves what the good ones between them say", () => {
  const one = configureText(`${"zz9\n".repeat(FILE_REMARKS)}631/tcp\n0\n`);
  expect(ports(one)).toEqual(["631/tcp"]);
  expect(onLines(one.diagnostics)).toEqual(upTo(FILE_REMARKS));
  expect(one.diagnostics[0]).toEqual({
    ...MORE_ERRORS,
    message: "1 more line of this file is rejected, without a remark of its own",
    file: FILE,
    count: 1,
  });
  const many = configureText("x\n".repeat(32_700));
  expect(onLines(many.diagnostics)).toEqual(upTo(FILE_REMARKS));
  expect(many.diagnostics[0]).toEqual({
    ...MORE_ERRORS,
    message: "32600 more lines of this file are rejected, without a remark of their own",
    file: FILE,
    count: 32_600,
  });
  expect(remarkCount(many.diagnostics, "error")).toBe(32_700);
  expect(remarkCount(many.diagnostics, "note")).toBe(0);
});

test("counts notes apart from errors", () => {
  const { diagnostics, reservations } = configureText(`${"2000/udp\n".repeat(FILE_REMARKS + 1)}0\n2000/udp\n`);
  expect(reservations.length).toBe(1);
  expect(onLines(diagnostics)).toEqual([...upTo(FILE_REMARKS), FILE_REMARKS + 2]);
  expect(diagnostics[0]).toEqual({
    ...MORE_NOTES,
    message: "2 more notes on lines of this file are left out",
    file: FILE,
    count: 2,
  });
  expect([remarkCount(diagnostics, "error"), remarkCount(diagnostics, "note")]).toEqual([1, FILE_REMARKS + 2]);
  const single = configureText("2000/udp\n".repeat(FILE_REMARKS + 1)).diagnostics;
  expect(single[0]?.message).toBe("1 more note on a line of this file is left out");
});

test("counts the dropped lines of the blacklist as well", () => {
  const { diagnostics } = configure(inputs({ blacklist: blacklistFile("x\n".repeat(FILE_REMARKS + 3)) }));
  expect(diagnostics.length).toBe(FILE_REMARKS + 1);
  expect(diagnostics[0]).toEqual({
    ...MORE_NOTES,
    message: "3 more notes on lines of this file are left out",
    file: "/etc/bindresvport.blacklist",
    count: 3,
  });
});

test("keeps ten thousand errors in all, and counts the others file by file, whole files included", () => {
  const name = (file: number) => `o${String(file).padStart(3, "0")}`;
  const files = ALL_REMARKS / FILE_REMARKS + 2;
  const owners = Array.from({ length: files }, (_, file) => ownerFile(name(file), "0\n".repeat(FILE_REMARKS)));
  const large = ownerFile("p", "x".repeat(65_537));
  const { diagnostics } = configure(inputs({ owners: [...owners, large] }));
  expect(onLines(diagnostics).filter((line) => line !== undefined).length).toBe(ALL_REMARKS);
  const rest = diagnostics.filter(({ place }) => place === undefined);
  const message = "100 more lines of this file are rejected, without a remark of their own";
  expect(rest.map(({ code, file, count }) => [code, file, count])).toEqual([
    ["more-remarks", `/etc/portreserve/${name(files - 2)}`, FILE_REMARKS],
    ["more-remarks", `/etc/portreserve/${name(files - 1)}`, FILE_REMARKS],
    ["file-too-large", "/etc/portreserve/p", undefined],
  ]);
  expect(rest[0]?.message).toBe(message);
  expect(remarkCount(diagnostics, "error")).toBe(files * FILE_REMARKS + 1);
});

test("keeps no more text of lines than a report can hold", { timeout: 60_000 }, () => {
  const length = 65_536;
  const files = EXCERPT_CHARACTERS / length;
  const owners = Array.from({ length: files + 2 }, (_, file) => ownerFile(`o${1000 + file}`, "x".repeat(length)));
  const { diagnostics } = configure(inputs({ owners: [...owners, ownerFile("p", "0\n")] }));
  expect(diagnostics.map(({ code, count }) => [code, count])).toEqual([
    ...Array.from({ length: files }, () => ["unknown-service", undefined]),
    ["more-remarks", 1],
    ["more-remarks", 1],
    ["more-remarks", 1],
  ]);
});
