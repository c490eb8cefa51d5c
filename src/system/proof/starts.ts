// The ways in which a probe is started: in namespaces of this process's own making, in the root of another, or by systemd.
import { readFileSync, readlinkSync } from "node:fs";
import type { ProcessTexts } from "../../core/coverage/proof-process.ts";
import { orUndefined } from "../app-error.ts";
import type { ProbeStart } from "./play-probe.ts";

const NETWORK = ["unshare", "--net", "--"];
const USER_AND_NETWORK = ["unshare", "--user", "--map-root-user", "--net", "--"];

/** By root, who may make a network namespace. */
export function byRoot(environment: Readonly<Record<string, string>>): ProbeStart {
  return { around: NETWORK, before: [], environment };
}

/** In a user namespace, in which the probe has the rights that it needs over its own network alone. */
export function byUserNamespace(environment: Readonly<Record<string, string>>): ProbeStart {
  return { around: USER_AND_NETWORK, before: [], environment };
}

/** As another user, in a user namespace. */
export function asUser(uid: number, gid: number, environment: Readonly<Record<string, string>>): ProbeStart {
  const user = ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--"];
  return { around: [...user, ...USER_AND_NETWORK], before: [], environment };
}

/** By root, in the root and the mounts of a process. */
export function inRootOf(pid: number, environment: Readonly<Record<string, string>>): ProbeStart {
  const before = ["nsenter", `--target=${pid}`, "--mount", "--root", "--"];
  return { around: NETWORK, before, environment };
}

/** By systemd, in a transient service with these settings, as `-p` takes them, and a network of its own. */
export function bySystemd(properties: readonly string[], variables: Readonly<Record<string, string>>): ProbeStart {
  const settings = [...properties, ...OWN_SETTINGS].flatMap((setting) => ["-p", setting]);
  const environment = Object.entries(variables).map(([name, value]) => `--setenv=${name}=${value}`);
  const around = ["systemd-run", "--wait", "--pipe", "--collect", "--quiet", "--no-ask-password"];
  return { around: [...around, ...settings, ...environment, "--"], before: [], environment: { LC_ALL: "C" } };
}

/** One socket for each port; and an end, if whoever waits for it is gone. */
const OWN_SETTINGS = ["PrivateNetwork=yes", "LimitNOFILE=4096", "RuntimeMaxSec=60"];

/** What `processStart` of core decides from. Never throws for a process that has ended. */
export function processTexts(pid: number): ProcessTexts {
  return {
    status: textOf(`/proc/${pid}/status`),
    environ: textOf(`/proc/${pid}/environ`),
    userNamespace: linkOf(`/proc/${pid}/ns/user`),
    ownUserNamespace: linkOf("/proc/self/ns/user"),
    ownStatus: textOf("/proc/self/status"),
  };
}

function textOf(file: string): string | undefined {
  return orUndefined(() => readFileSync(file, "latin1"));
}

function linkOf(file: string): string | undefined {
  return orUndefined(() => readlinkSync(file));
}
