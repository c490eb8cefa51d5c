// Before a run: makes the folder of stage.ts and a temporary folder for everybody; after it: removes the former.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { nativeFolder, packageRoot } from "../../../src/core/native.ts";
import { isLeftOver } from "../left-over.ts";
import { forAll } from "./stage.ts";

const PREFIX = "portreserve-stage-";
/** What dist/ imports. */
const MODULES = ["node-gyp-build"];
/** For tests run by root: nobody. */
const other = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

/** Vitest calls it once a run, before any test file, and then what it returns; workers inherit what it sets. */
export default function setUp(): () => void {
  // Another project of this run has made it.
  if (process.env.PORTRESERVE_STAGE !== undefined) return () => {};
  // A private umask would close to others what tests make for them.
  process.umask(0o022);
  // First one that no sandbox or unit hides behind a private folder of its own.
  const places = ["/var/tmp", tmpdir(), "/tmp", "/dev/shm"].filter(forEverybody);
  const [place] = places;
  if (place === undefined) throw new Error(`no folder for programs of every user: ${tmpdir()} and /var/tmp are none`);
  if (!places.includes(tmpdir())) process.env.TMPDIR = places.find((name) => name !== "/var/tmp") ?? place;
  sweep(place);
  const stage = mkdtempSync(path.join(place, `${PREFIX}${process.pid}-`));
  try {
    fill(stage);
  } catch (error) {
    remove(stage);
    throw error;
  }
  process.env.PORTRESERVE_STAGE = stage;
  return () => remove(stage);
}

/** Removes what killed runs of this user have left there; another user's is not his to remove. */
export function sweep(place: string): void {
  for (const name of readdirSync(place).filter((name) => isLeftOver(name, PREFIX))) {
    const folder = path.join(place, name);
    if (lstatSync(folder, { throwIfNoEntry: false })?.uid === process.getuid?.()) remove(folder);
  }
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Whether programs can be put there that everybody may start, also from within an unquoted line for a shell. */
function forEverybody(folder: string): boolean {
  if (!isPlain(folder)) return false;
  let trial: string;
  try {
    trial = mkdtempSync(path.join(folder, `${PREFIX}${process.pid}-`));
  } catch {
    return false;
  }
  try {
    chmodSync(trial, 0o755);
    const program = path.join(trial, "program");
    writeFileSync(program, "#!/bin/sh\n", { mode: 0o755 });
    return starts(program);
  } finally {
    remove(trial);
  }
}

const isPlain = (file: string): boolean => /^[\w./+-]+$/.test(file);

function starts(program: string, ...args: readonly string[]): boolean {
  return spawnSync(program, args, { ...other, cwd: "/", env: {}, stdio: "ignore" }).status === 0;
}

function fill(stage: string): void {
  cpSync(path.join(packageRoot, "package.json"), path.join(stage, "package.json"));
  cpSync(path.join(packageRoot, "dist"), path.join(stage, "dist"), { recursive: true });
  for (const name of MODULES) {
    const module = path.join("node_modules", name);
    cpSync(path.join(packageRoot, module), path.join(stage, module), { recursive: true });
  }
  const natives = nativeFolder();
  for (const { name } of readdirSync(natives, { withFileTypes: true }).filter((entry) => entry.isFile())) {
    cpSync(path.join(natives, name), path.join(stage, "build/Release", name));
  }
  // The shims for images of other machines, where they were built.
  const prebuilt = path.join(packageRoot, "prebuilds");
  if (existsSync(prebuilt)) cpSync(prebuilt, path.join(stage, "prebuilds"), { recursive: true });
  if (!isPlain(process.execPath) || !starts(process.execPath, "--version")) {
    cpSync(process.execPath, path.join(stage, "bin/node"));
  }
  mkdirSync(path.join(stage, "test-programs"));
  open(stage);
}

/** Whoever built it may have done so for himself alone. */
function open(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) open(file);
    else forAll(file);
  }
}
