// What lint finds by rules of ours, in more than one file or in man pages: each finds what is planted for it.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { named, skipReason } from "./can.ts";
import { scratch } from "./cli.ts";

const BIOME = path.join(packageRoot, "node_modules", ".bin", "biome");

/** What biome says of these files below src/, by our rules. */
function lint(files: Readonly<Record<string, string>>): string {
  const folder = scratch();
  copyFileSync(path.join(packageRoot, ".biome.json"), path.join(folder, ".biome.json"));
  mkdirSync(path.join(folder, "src"));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, "src", name), text);
  const { stdout, stderr, status } = spawnSync(BIOME, ["lint", "--vcs-enabled=false", "src"], {
    cwd: folder,
    encoding: "utf8",
  });
  return `${status}: ${[...new Set(`${stdout}${stderr}`.match(/lint\/\w+\/\w+/g))].join(" ")}`;
}

const PROMISE = "export async function promised(): Promise<number> {\n  return 1;\n}\n";

test("a promise that nobody waits for is an error, in another file than its function too", () => {
  const use = (text: string): string =>
    `import { promised } from "./a.ts";\nexport async function use(): Promise<void> {\n  ${text};\n}\n`;
  expect(lint({ "a.ts": PROMISE, "b.ts": use("promised()") })).toBe("1: lint/nursery/noFloatingPromises");
  expect(lint({ "a.ts": PROMISE, "b.ts": use("await promised()") })).toBe("0: ");
});

test("a circle of imports is an error", () => {
  const a = 'import { b } from "./b.ts";\nexport const a = (): number => b();\n';
  const b = 'import { a } from "./a.ts";\nexport const b = (): number => a();\n';
  expect(lint({ "a.ts": a, "b.ts": b })).toBe("1: lint/suspicious/noImportCycles");
  expect(lint({ "a.ts": a, "b.ts": "export const b = (): number => 1;\n" })).toBe("0: ");
});

const MANUAL = `.Dd November 30, 2026
.Dt PLANTED 8
.Os
.Sh NAME
.Nm planted
.Nd a page with nothing wrong in it
.Sh SYNOPSIS
.Nm
.Op Fl a
.Sh DESCRIPTION
It does nothing.
`;

/** What the script for man pages says of one. */
function manual(text: string): { readonly status: number | null; readonly stderr: string } {
  const file = path.join(scratch(), "planted.8");
  writeFileSync(file, text);
  return spawnSync(process.execPath, [path.join(packageRoot, "scripts", "manuals.mjs"), file], { encoding: "utf8" });
}

const lacking = skipReason({ program: "mandoc", package: "mandoc" }, { program: "groff", package: "groff-base" });
test.skipIf(lacking !== undefined)(
  named("a man page is to be quiet in mandoc, its style too, and in groff", lacking),
  () => {
    expect(manual(MANUAL)).toMatchObject({ status: 0, stderr: "" });
    expect(manual(`${MANUAL}${"too long ".repeat(10)}\n`).stderr).toMatch(
      /STYLE: input text line longer than 80 bytes/,
    );
    const wide = MANUAL.replace(".Op Fl a", `.Op Fl ${"a".repeat(50)} Ar ${"b".repeat(50)}`);
    expect(manual(wide).stderr).toMatch(/warning.*can't break line/);
  },
);
