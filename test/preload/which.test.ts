// portreserve-probe --which: it tells a program that the shim covers from one that it does not.
import { spawnSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { built, COVERS, type Cover, noSandbox, play } from "../support/sandbox.ts";

const ALLOCATORS = [
  "bindresvport",
  "bindresvport_sa",
  "rresvport",
  "rresvport_af",
  "gssrpc_bindresvport",
  "gssrpc_bindresvport_sa",
];
/** What glibc has of them. */
const IN_LIBC = new Set(["bindresvport", "rresvport", "rresvport_af"]);

const libc = "the C library";
/** The C library's path differs between distributions. */
const told = (stdout: string): unknown[] =>
  stdout
    .replaceAll(/"\/[^"]*\/libc\.so\.6"/g, JSON.stringify(libc))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
const uncovered = ALLOCATORS.map((symbol) => ({ symbol, object: IN_LIBC.has(symbol) ? libc : null }));
const from = (object: string) => ALLOCATORS.map((symbol) => ({ symbol, object }));

const sandbox = await noSandbox();
describe.skipIf(sandbox !== undefined)(named("in a sandbox", sandbox), () => {
  const which = async (cover: Cover, shim: string, program: string) => {
    // With no environment at all, as the installer asks.
    const script = cover === "LD_PRELOAD" ? "covered" : "env -i";
    const played = await play(`${script} "$PROGRAM" --which`, { cover, shim, environment: { PROGRAM: program } });
    expect({ ...played, stdout: "" }).toEqual({ status: 0, stdout: "", stderr: "" });
    return told(played.stdout);
  };

  test("a program without the shim has the C library's functions, and no others", async () => {
    expect(await which("nothing", built.shim, built.probe)).toEqual(uncovered);
  });
  test.each(COVERS)("a program with the shim through %s has all of the shim's", async (cover) => {
    expect(await which(cover, built.shim, built.probe)).toEqual(from(built.shim));
  });

  const i386 = skipReason("32-bit programs");
  describe.skipIf(i386 !== undefined)(named("a 32-bit program", i386), () => {
    const probe = `${built.probe}-i386`;

    test("without the shim has the C library's functions, and no others", async () => {
      expect(await which("nothing", built.shim32, probe)).toEqual(uncovered);
    });
    test("with the 32-bit shim in its environment has all of the shim's", async () => {
      expect(await which("LD_PRELOAD", built.shim32, probe)).toEqual(from(built.shim32));
    });
    test("steals and is covered as a 64-bit one", async () => {
      const theft = async (cover: Cover) =>
        (await play(`thief "${probe}" --symbol bindresvport`, { cover, shim: built.shim32 })).stdout;
      expect(await theft("nothing")).toBe('{"port":631}\n');
      expect(await theft("LD_PRELOAD")).toBe('{"port":632}\n');
    });
  });
});

test("a path with quotes, backslashes and control characters stays one line of JSON", () => {
  // The name as the loader was given it counts, so one through a link is enough.
  const link = `${scratch()}/a"b\\c\td.so`;
  symlinkSync(built.shim, link);
  const { stdout } = spawnSync(built.probe, ["--which"], { encoding: "utf8", env: { LD_PRELOAD: link } });
  expect(told(stdout)).toEqual(from(link));
});

test("refuses an argument that means nothing", () => {
  const { status, stderr } = spawnSync(built.probe, ["--which", "bindresvport"], { encoding: "utf8" });
  expect({ status, line: stderr.split("\n")[0] }).toEqual({
    status: 2,
    line: "portreserve-probe: error: unexpected argument 'bindresvport'",
  });
});
