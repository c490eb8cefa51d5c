// What this machine can do: tests that need more are skipped with the reason in their name, or fail where everything is required.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { nativeFolder } from "../../src/core/native.ts";

export type Capability =
  | "root"
  | "userns"
  | "strace"
  | "i386"
  /** The parts for i386 are built, and this kernel starts 32-bit programs. */
  | "32-bit programs"
  | "musl"
  | { readonly program: string; readonly package: string };

/**
 * Undefined when all of it is there, else why not. With PORTRESERVE_REQUIRE_ALL=1, as the project's own CI sets it,
 * whatever is missing is an error instead, but for what a kernel cannot do: nothing can go untested unseen.
 */
export function skipReason(...needs: readonly Capability[]): string | undefined {
  return (
    skipFor(needs.map(missing).find((text) => text !== undefined)) ??
    needs.map(beyondKernel).find((text) => text !== undefined)
  );
}

/** What no package brings to a machine is a reason to skip everywhere. */
function beyondKernel(need: Capability): string | undefined {
  if (need !== "32-bit programs") return undefined;
  can32 ??= succeeds(`${nativeFolder()}/portreserve-probe-i386`, "--help");
  return can32 ? undefined : "this kernel starts no 32-bit programs";
}
let can32: boolean | undefined;

/** A reason to skip; an error instead where everything is required. */
export function skipFor(reason: string | undefined): string | undefined {
  if (reason !== undefined && process.env.PORTRESERVE_REQUIRE_ALL === "1") {
    throw new Error(`PORTRESERVE_REQUIRE_ALL=1, but ${reason}`);
  }
  return reason;
}

/** The name of a test or group, with the reason it is skipped for. */
export function named(name: string, reason: string | undefined): string {
  return reason === undefined ? name : `${name} (skipped: ${reason})`;
}

function missing(need: Capability): string | undefined {
  if (typeof need === "object") {
    return hasProgram(need.program) ? undefined : `'${need.program}' is missing: install the package ${need.package}`;
  }
  switch (need) {
    case "root":
      return process.getuid?.() === 0 ? undefined : "it needs root";
    case "userns":
      return succeeds("unshare", "--user", "--map-root-user", "--mount", "true")
        ? undefined
        : "user namespaces are not allowed here";
    case "strace":
      return succeeds("strace", "-o", "/dev/null", "true") ? undefined : "strace is missing, or may not trace here";
    case "i386":
    case "32-bit programs":
      return existsSync(`${nativeFolder()}/libportreserve-i386.so`)
        ? undefined
        : "no shim for i386 was built: install what CONTRIBUTING.md says for 32-bit programs, and build again";
    case "musl":
      return hasProgram("musl-gcc") ? undefined : "'musl-gcc' is missing: install the package musl-tools";
    default:
      return need satisfies never;
  }
}

function hasProgram(name: string): boolean {
  return succeeds("sh", "-c", `PATH=$PATH:/usr/sbin:/sbin command -v "$1"`, "sh", name);
}

function succeeds(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}
