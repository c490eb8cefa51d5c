// Runs the real portreservectl, as built, on throwaway roots.
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll } from "vitest";
import { type NativeTable, native } from "../../src/core/native.ts";
import { MAIN, NODE } from "./stage/stage.ts";

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const made: string[] = [];
afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder that goes when the test file is done; everybody may enter it. */
export function scratch(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "portreserve-test-"));
  chmodSync(folder, 0o755);
  made.push(folder);
  return folder;
}

/** A root with these files, by path below it. Folders are made; "etc/portreserve/" at the end of a slash makes an empty one. */
export function makeRoot(files: Readonly<Record<string, string | Uint8Array>>): string {
  const root = scratch();
  mkdirSync(path.join(root, "run"));
  for (const [name, content] of Object.entries(files)) put(root, name, content);
  return root;
}

export function put(root: string, name: string, content: string | Uint8Array): void {
  const file = path.join(root, name);
  mkdirSync(name.endsWith("/") ? file : path.dirname(file), { recursive: true });
  if (!name.endsWith("/")) writeFileSync(file, content);
}

/** A services file of the few names that these tests use: no test depends on the host's. */
export const SERVICES =
  "ipp\t631/tcp\nimaps\t993/tcp\t\t# IMAP over SSL\nrsync\t873/tcp\nrndc\t953/tcp\nsyslog\t514/udp\n";

/** Three owners, one of whose ports another reserves too. */
export const FILES = {
  "etc/services": SERVICES,
  "etc/portreserve/cups": "ipp # printing\n",
  "etc/portreserve/mail": "\nimaps/tcp\n",
  "etc/portreserve/dual": "631/udp\n",
};

const tables = new Map<string, Uint8Array>();

/** A root with these files and their table, which is compiled once for all roots with the same files. */
export function compiled(files: Readonly<Record<string, string>> = FILES): string {
  const root = makeRoot(files);
  const key = JSON.stringify(files);
  const table = tables.get(key);
  if (table === undefined) {
    // Some are refused, for tests of just that.
    if (ctl(["compile", "--root", root]).status !== 5) tables.set(key, readFileSync(tablePath(root)));
  } else writeFileSync(tablePath(root), table);
  return root;
}

/** The mark of a compile that was killed between its last two steps. */
export function retireTable(root: string): void {
  const bytes = readFileSync(tablePath(root));
  bytes.set(native().retiredMark, native().markOffset);
  writeFileSync(tablePath(root), bytes);
}

export interface CtlOptions {
  /** A command and its arguments in front of node. */
  readonly under?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

const ENVIRONMENT = { PATH: process.env.PATH, HOME: "/nonexistent", LC_ALL: "C.UTF-8" };
/** Where a test run has its native parts somewhere else. */
const PASSED_ON = Object.fromEntries(Object.entries(process.env).filter(([name]) => name === "PORTRESERVE_PREBUILD"));

/** Runs it to its end. Colour, locale and the user's environment play no part. */
export function ctl(args: readonly string[], options: CtlOptions = {}): Ran {
  return node([MAIN, ...args], options);
}

export function node(args: readonly string[], { under = [], env, input }: CtlOptions = {}): Ran {
  const [command = "", ...rest] = [...under, NODE, ...args];
  const { status, stdout, stderr, error } = spawnSync(command, rest, {
    encoding: "utf8",
    env: { ...ENVIRONMENT, ...PASSED_ON, ...env },
    ...(input === undefined ? {} : { input }),
    timeout: 50_000,
    maxBuffer: 256 * 1024 * 1024,
  });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}

/** Starts it and does not wait. The caller ends it. */
export function start(args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return spawn(NODE, [MAIN, ...args], { env: { ...ENVIRONMENT, ...PASSED_ON }, ...options });
}

/** Someone who is not root: nobody (65534) for tests run by root, the caller otherwise. */
export const asNobody: readonly string[] =
  process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];

export function tablePath(root: string): string {
  return path.join(root, "etc/portreserve.table");
}

/** The table of a root; throws where it is missing or no table. */
export function tableIn(root: string): NativeTable {
  const decoded = native().decodeTable(readFileSync(tablePath(root)));
  if ("fault" in decoded) throw new Error(`the table is ${decoded.fault}`);
  return decoded.table;
}
