// The ways in which a probe is started: in namespaces of this process's own making, in the root of another, or by systemd.
import { SEARCH_PATH, STANDARD_INPUT_PROGRAM } from "../../system/paths.ts";
import { pidexecPath } from "../../system/sandbox/sandbox.ts";
import type { ProgramCommand } from "../../system/start-program.ts";
import { openingPorts } from "./network.ts";
import type { ProbeStart } from "./play-probe.ts";

/** What the probe alone gets: no program that prepares its start has any of it. */
export type Variables = Readonly<Record<string, string>>;

const NETWORK: ProgramCommand = ["unshare", "--net", "--"];
const USER_AND_NETWORK = ["unshare", "--user", "--map-root-user", "--net", "--"] as const;

/** By root, who may make a network namespace. */
export function byRoot(variables: Variables): ProbeStart {
  return { around: NETWORK, probe: withVariables(variables), more: [] };
}

/** In a user namespace, in which the probe has the rights that it needs over its own network alone. */
export function byUserNamespace(variables: Variables): ProbeStart {
  return { around: USER_AND_NETWORK, probe: withVariables(variables), more: [] };
}

/** By root, as another user without any right beside, in a network where every port may be bound without one. */
export function asUser(uid: number, gid: number, variables: Variables): ProbeStart {
  const rights = ["--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"];
  const user = ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, ...rights, "--"];
  return {
    around: [...openingPorts('exec "$@"', WITH_ALL_IT_STARTS), ...user],
    probe: withVariables(variables),
    more: [],
  };
}

/** The end of the first process in a pid namespace is the end of all, also of what has left its group and session. */
const WITH_ALL_IT_STARTS = ["--pid", "--fork", "--kill-child"] as const;

/** By root, in the root and the mount namespace that these descriptors are of. */
export function inRoot(root: number, mounts: number, variables: Variables): ProbeStart {
  const assignments = Object.entries(variables).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  const enter = ["--root", String(FIRST_MORE), "--mounts", String(FIRST_MORE + 1), "--program", "0"];
  return {
    around: NETWORK,
    probe: [pidexecPath(), ...enter, ...assignments, "--", "portreserve-probe"],
    more: [root, mounts],
  };
}

/** The number that the first of `more` has in what is started. */
const FIRST_MORE = 3;

/** By systemd, in a transient service with these settings, as `-p` takes them, and in the network at this path. */
export function bySystemd(properties: readonly string[], network: string, variables: Variables): ProbeStart {
  const settings = [...properties, `NetworkNamespacePath=${network}`, ...OWN_SETTINGS];
  const environment = Object.entries(variables).map(([name, value]) => `--setenv=${name}=${value}`);
  return {
    around: [
      ...(["systemd-run", "--wait", "--pipe", "--collect", "--quiet", "--no-ask-password"] as const),
      ...settings.flatMap((setting) => ["-p", setting]),
      ...environment,
      "--",
    ],
    probe: [STANDARD_INPUT_PROGRAM],
    more: [],
  };
}

/** One socket for each port; and an end, if the waiting process is gone. */
const OWN_SETTINGS = ["LimitNOFILE=4096", "RuntimeMaxSec=60"];

/** The probe as standard input, with these alone. */
export function withVariables(variables: Variables): ProgramCommand {
  const assignments = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return ["env", "-i", `PATH=${SEARCH_PATH}`, "LC_ALL=C", ...assignments, STANDARD_INPUT_PROGRAM];
}
