// Whether sandboxes can be made here, of which kind, and if not why and what helps.
import { readFileSync } from "node:fs";
import { runInSandbox, type SandboxKind } from "./sandbox.ts";

export type SandboxSupport =
  | { readonly works: true; readonly kind: SandboxKind }
  | { readonly works: false; readonly reason: string; readonly hint: string };

let known: Promise<SandboxSupport> | undefined;

/** Makes one trivial sandbox (about 20 ms) on the first call, and remembers the answer for this process. */
export function sandboxSupport(stagePrefix?: string): Promise<SandboxSupport> {
  known ??= findOut(stagePrefix === undefined ? {} : { stagePrefix });
  return known;
}

async function findOut(place: { readonly stagePrefix?: string }): Promise<SandboxSupport> {
  const root = process.getuid?.() === 0;
  const reasons: string[] = [];
  // Root in a container often may not make namespaces of its own, but may make a user namespace and be root in there.
  for (const kind of root ? (["root", "user"] as const) : (["user"] as const)) {
    const trial = await runInSandbox(kind, { script: "test -w /etc", timeout: 5_000, ...place });
    if (trial.outcome === "ended" && trial.status === 0) return { works: true, kind };
    reasons.push(trial.outcome === "impossible" ? trial.reason : `the trial ended with '${trial.outcome}'`);
  }
  return { works: false, reason: reasons[0] ?? "", hint: hintFor(root) };
}

/** Kernel settings that forbid user namespaces, with the value that does, and how to allow them. */
const SWITCHES = [
  ["user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=10000"],
  ["kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"],
  ["kernel/apparmor_restrict_unprivileged_userns", "1", "sysctl kernel.apparmor_restrict_unprivileged_userns=0"],
] as const;

function hintFor(root: boolean): string {
  if (root) return "this looks like a container without CAP_SYS_ADMIN: run it on the host or in a virtual machine";
  const off = SWITCHES.find(([name, value]) => setting(name) === value);
  return off === undefined ? "run it as root" : `run it as root, or allow user namespaces with '${off[2]}'`;
}

function setting(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name}`, "utf8").trim();
  } catch {
    return undefined;
  }
}
