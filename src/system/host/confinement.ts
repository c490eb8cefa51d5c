// Which of the kernel's access controls are active, and AppArmor's profiles loaded again after its rules have changed.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { errnoOf, orUndefined } from "../app-error.ts";
import { labelOf } from "../files/attributes.ts";
import { isFolder } from "../files/look-at.ts";
import { APPARMOR, APPARMOR_RULES, LOADER_CACHE, SELINUX, TABLE_FILE } from "../paths.ts";

/** Where the host has AppArmor's abstractions, the folder for what is added to them. */
export function appArmorRules(root: string): string | undefined {
  return isFolder(root, path.dirname(APPARMOR_RULES)) ? APPARMOR_RULES : undefined;
}

/** Whether AppArmor confines programs; an image may come to run where it does. */
export function appArmorActive(root: string): boolean {
  return root !== "/" || firstLetter(APPARMOR) === "Y";
}

/** Whether the kernel enforces or at least watches SELinux's policy. */
export function selinuxActive(root: string): boolean {
  return root === "/" && firstLetter(SELINUX) !== undefined;
}

/** Gives what went wrong, as a sentence; undefined if nothing did. */
export function reloadAppArmor(): string | undefined {
  if (!appArmorActive("/")) return undefined;
  return failureOf("systemctl", ["reload", "apparmor.service"]);
}

/**
 * Tells SELinux's tools that the table has the label of the loader's cache, so that a relabelling keeps it; only where
 * the host has the tool. Gives what went wrong, as a sentence.
 */
export function rememberLabel(): string | undefined {
  const label = labelOf(Buffer.from(LOADER_CACHE))[0];
  // USER:ROLE:TYPE:RANGE, ended by a NUL.
  const type = label === undefined ? undefined : Buffer.from(label.value).toString("latin1").split(":")[2];
  return type === undefined ? undefined : failureOf("semanage", ["fcontext", "--add", "--type", type, TABLE_PATTERN]);
}

export function forgetLabel(): string | undefined {
  return failureOf("semanage", ["fcontext", "--delete", TABLE_PATTERN]);
}

/** semanage takes regular expressions. */
const TABLE_PATTERN = TABLE_FILE.replaceAll(".", "\\.");

function failureOf(command: string, args: readonly string[]): string | undefined {
  const done = spawnSync(command, args, { encoding: "utf8", timeout: 120_000, stdio: ["ignore", "ignore", "pipe"] });
  if (done.status === 0) return undefined;
  // A host without the tool needs nothing told to it.
  if (errnoOf(done.error) === "ENOENT") return undefined;
  return `'${[command, ...args].join(" ")}' failed: ${(done.stderr ?? "").trim() || (done.signal ?? `status ${done.status}`)}`;
}

function firstLetter(file: string): string | undefined {
  return orUndefined(() => readFileSync(file, "utf8")[0]);
}
