// Gives this process to another program: same pid, same terminal, same open files.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { native } from "../core/native.ts";
import { errnoOf, orUndefined, reasonOf } from "./app-error.ts";

export interface ExecFault {
  readonly kind: "not-found" | "not-executable" | "failed";
  readonly reason: string;
}

/**
 * Runs the last `count` arguments of this process's own command line, byte for byte, after setting the given variables.
 * Searches PATH as a shell does. Returns only if the program could not be started.
 */
export function execute(count: number, variables: Readonly<Record<string, string>>): ExecFault {
  const command = lastArguments(count);
  if (command === undefined) return { kind: "failed", reason: "without /proc an argument that is not UTF-8 is lost" };
  try {
    return native().execute(command, variables);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    if (errno === "EACCES" && isNowhere(String(command[0]), process.env.PATH)) {
      return { kind: "not-found", reason: "no such file or directory" };
    }
    return { kind: KINDS[errno] ?? "failed", reason: reasonOf(error) };
  }
}

/**
 * process.argv has lost every byte that is not UTF-8; the kernel has kept them, each argument ended by a NUL. Where there is
 * no /proc, as in many a chroot, process.argv has to do; undefined where it has lost something.
 */
function lastArguments(count: number): readonly (string | Uint8Array)[] | undefined {
  const line = orUndefined(() => readFileSync("/proc/self/cmdline"));
  if (line === undefined) {
    const words = process.argv.slice(-count);
    return words.some((word) => word.includes("\ufffd")) ? undefined : words;
  }
  const all: Buffer[] = [];
  for (let at = 0, end = 0; at < line.length; at = end + 1) {
    end = line.indexOf(0, at);
    all.push(line.subarray(at, end));
  }
  return all.slice(-count);
}

/** exec says 'permission denied' for a name that is nowhere if one folder of PATH may not be searched; a shell does not. */
function isNowhere(file: string, search: string | undefined): boolean {
  return !file.includes("/") && !(search ?? "").split(":").some((folder) => existsSync(path.join(folder, file)));
}

const KINDS: Readonly<Record<string, ExecFault["kind"]>> = {
  ENOENT: "not-found",
  ENOTDIR: "not-found",
  EACCES: "not-executable",
  EPERM: "not-executable",
  ENOEXEC: "not-executable",
  EISDIR: "not-executable",
  ETXTBSY: "not-executable",
  ELOOP: "not-executable",
};
