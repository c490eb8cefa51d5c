// Which of the kernel's access controls are active, and AppArmor's profiles loaded again after its rules have changed.
import { readFileSync } from "node:fs";
import path from "node:path";
import { orUndefined } from "../app-error.ts";
import { labelTypeOf } from "../files/attributes.ts";
import { isFolder } from "../files/entry.ts";
import { isFault, readUnder } from "../files/read-file.ts";
import {
  APPARMOR,
  APPARMOR_BASE,
  APPARMOR_POLICY,
  APPARMOR_RULES,
  LOADER_CACHE,
  SELINUX,
  TABLE_FILE,
} from "../paths.ts";
import { type ProgramCommand, runProgram } from "../start-program.ts";

/** Where the host has AppArmor's abstractions, the folder for what is added to them. */
export function appArmorRules(root: string): string | undefined {
  return isFolder(root, path.dirname(APPARMOR_RULES)) ? APPARMOR_RULES : undefined;
}

/** Whether the base abstraction includes that folder, or will once it is there: other packages bring abstractions too. */
export function hasEffect(root: string, rules: string): boolean {
  const read = readUnder(root, APPARMOR_BASE, POLICY_LIMIT);
  if (isFault(read)) return read.kind === "missing";
  const includes = Buffer.from(read.bytes)
    .toString("latin1")
    .matchAll(/^[ \t]*#?include[ \t].*<([^<>\n]+)>/gm);
  return [...includes].some(([, name = ""]) => path.resolve(APPARMOR_POLICY, name) === rules);
}

/** In bytes, of one file. */
const POLICY_LIMIT = 1024 * 1024;

/** Whether AppArmor confines programs; an image may come to run where it does. */
export function appArmorActive(root: string): boolean {
  return root !== "/" || firstLetter(APPARMOR) === "Y";
}

/** Whether the kernel enforces or at least watches SELinux's policy. */
export function selinuxActive(root: string): boolean {
  return root === "/" && firstLetter(SELINUX) !== undefined;
}

/**
 * Gives what went wrong, as a sentence; undefined if nothing did. The parser would take a profile for unchanged as long
 * as its newest file is: it would not see that a rule is gone, nor one that is older than the profile.
 */
export function reloadAppArmor(): string | undefined {
  if (!appArmorActive("/")) return undefined;
  const purged = failureOf(["apparmor_parser", "--purge-cache"]);
  return failureOf(["systemctl", "reload", "apparmor.service"]) ?? purged;
}

/** Whether a relabelling would keep the label of the table, as far as SELinux's own tool tells. */
export function labelIsRemembered(): boolean {
  const type = labelTypeOf(Buffer.from(LOADER_CACHE))?.split(":")[0];
  const done = runProgram(["matchpathcon", "-n", TABLE_FILE], { timeout: TOOL_TIME });
  return done.outcome === "ended" && done.status === 0 && done.stdout.trim().split(":")[2] === type;
}

/**
 * Tells SELinux's tools that the table has the label of the loader's cache, so that a relabelling keeps it; only where
 * the host has the tool. They refuse to be told twice. Gives what went wrong, as a sentence.
 */
export function rememberLabel(): string | undefined {
  const type = labelTypeOf(Buffer.from(LOADER_CACHE))?.split(":")[0];
  return type === undefined ? undefined : failureOf(["semanage", "fcontext", "--add", "--type", type, TABLE_PATTERN]);
}

export function forgetLabel(): string | undefined {
  return failureOf(["semanage", "fcontext", "--delete", TABLE_PATTERN]);
}

/** semanage takes regular expressions. */
const TABLE_PATTERN = TABLE_FILE.replaceAll(".", "\\.");

/** Milliseconds; a policy takes its tools up to a minute on small machines. */
const TOOL_TIME = 120_000;

function failureOf(command: ProgramCommand): string | undefined {
  const done = runProgram(command, { timeout: TOOL_TIME });
  const failed = (why: string): string => `'${command.join(" ")}' failed: ${why}`;
  switch (done.outcome) {
    case "ended":
      return done.status === 0 ? undefined : failed(done.stderr.trim() || `it ended with ${done.status}`);
    // A host without the tool needs nothing told to it.
    case "missing":
      return undefined;
    case "late":
      return failed(`no answer in ${TOOL_TIME / 1000} seconds`);
    case "flood":
      return failed("it printed without an end");
    case "not started":
      return failed(done.reason);
    default:
      return done satisfies never;
  }
}

function firstLetter(file: string): string | undefined {
  return orUndefined(() => readFileSync(file, "utf8")[0]);
}
