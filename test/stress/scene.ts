// What the stress tests share: the allocators side by side, programs in the sandbox under each, and what is put on record.
import path from "node:path";
import { compileC } from "../support/compile-c.ts";
import { libtirpc, noLibtirpc } from "../support/rpc-libraries.ts";
import { noSandbox, type Play, play } from "../support/sandbox.ts";

/** Who answers a call: the real shim, as built, or the stock libraries of this machine. */
const ALLOCATORS = ["shim", "glibc", "libtirpc"] as const;
export type Allocator = (typeof ALLOCATORS)[number];

/** Undefined where all of this can run, else why not; an error instead where everything is required. */
export async function noStress(): Promise<string | undefined> {
  return (await noSandbox()) ?? noLibtirpc();
}

/** Ports that are reserved throughout a test, as the programs are told and as a list. */
export const RANGE = "600-640";
export const RESERVED = ports(600, 640);

export function ports(low: number, high: number): readonly number[] {
  return Array.from({ length: high - low + 1 }, (_, index) => low + index);
}

/** Compiles test/stress/NAME.c with what belongs to all programs of this folder, for calls to this allocator. */
export function program(
  name: string,
  by: Allocator,
  others: readonly string[] = [],
  flags: readonly string[] = [],
): string {
  const sources = [`${name}.c`, "take.c", "watch.c"].map((file) => `test/stress/${file}`);
  return compileC(
    [...sources, ...others],
    [...flags, "-pthread", "-ldl", ...(by === "libtirpc" ? ["-Wl,--no-as-needed", libtirpc ?? "-ltirpc"] : [])],
  );
}

/**
 * Runs a script in a sandbox whose table reserves 600 to 640; in it `covered "$PROGRAM"` is NAME.c with this allocator.
 * Gives what it printed. Throws where it said something on standard error, or did not end with 0.
 */
export async function played(
  script: string,
  name: string,
  by: Allocator,
  request: Partial<Play> & { readonly others?: readonly string[]; readonly flags?: readonly string[] } = {},
): Promise<string> {
  const { others = [], flags = [], environment, ...rest } = request;
  const { status, stdout, stderr } = await play(script, {
    reserved: RESERVED,
    timeout: 50_000,
    ...rest,
    cover: by === "shim" ? "LD_PRELOAD" : "nothing",
    environment: { ...environment, PROGRAM: program(name, by, others, flags) },
  });
  if (status !== 0 || stderr !== "") throw new Error(`${name} with ${by} ended with ${status}: ${stdout}${stderr}`);
  return stdout.trim();
}

/** Runs NAME.c once with these arguments, and gives the numbers that it printed. */
export async function counted(
  name: string,
  by: Allocator,
  args: readonly (string | number)[],
  request: Partial<Play> = {},
): Promise<Readonly<Record<string, number>>> {
  return JSON.parse(await played(`covered "$PROGRAM" ${args.join(" ")}`, name, by, request));
}

/** A count that a program printed; none where it printed none. */
type Count = number | undefined;
const rows: (readonly (string | number)[])[] = [];
const notes: string[] = [];

/** Keeps how often something happened; nothing for an original that was not asked. */
export function keep(what: string, tries: Count, shim: Count, glibc?: Count, libtirpc?: Count): void {
  rows.push([what, ...[tries, shim, glibc, libtirpc].map((count) => count ?? "-")]);
}

/** Keeps a sentence. */
export function note(sentence: string): void {
  notes.push(sentence);
}

/** Writes what was kept to docs/evidence, where PORTRESERVE_RECORD=1 asks for it. */
export async function recordAll(): Promise<void> {
  if (process.env.PORTRESERVE_RECORD !== "1") return;
  const root = path.resolve(import.meta.dirname, "../..");
  const { record } = (await import(`${root}/scripts/evidence.mjs`)) as { record: (name: string, run: object) => void };
  record("stress", {
    title: "Stress",
    command: "PORTRESERVE_RECORD=1 npx vitest run --config test/vitest.config.ts test/stress",
    note: [
      "How often what must not happen did, with the real shim and with the stock libraries of the same machine. A run with " +
        "signals ends after four processes that wait for a lock of their own; '-' is where an original was not asked.",
      ...notes,
    ],
    columns: ["what must not happen", "tries", "shim", "glibc", "libtirpc"],
    rows,
    packages: ["libtirpc3"],
  });
}
