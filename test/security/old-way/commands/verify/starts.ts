// Starts probes as of old: what the target has chosen is in the environment of every program that prepares the start.
import type { ProbeStart } from "../../../../../src/commands/verify/play-probe.ts";
import { type Variables, withVariables } from "../../../../../src/commands/verify/starts.ts";

export { type Variables, withVariables };

const PROGRAM = ["/proc/self/fd/0"] as const;
const NETWORK = ["unshare", "--net", "--"];
const USER_AND_NETWORK = ["unshare", "--user", "--map-root-user", "--net", "--"];

const inAll = (variables: Variables): readonly ["env", ...string[]] => [
  "env",
  ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
];

export function byRoot(variables: Variables): ProbeStart {
  return { around: [...inAll(variables), ...NETWORK], probe: PROGRAM, more: [] };
}

export function byUserNamespace(variables: Variables): ProbeStart {
  return { around: [...inAll(variables), ...USER_AND_NETWORK], probe: PROGRAM, more: [] };
}

export function asUser(uid: number, gid: number, variables: Variables): ProbeStart {
  const user = ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--"];
  return { around: [...inAll(variables), ...user, ...USER_AND_NETWORK], probe: PROGRAM, more: [] };
}

export function inRoot(root: number, mounts: number, variables: Variables): ProbeStart {
  const enter = ["nsenter", "--root=/proc/self/fd/3", "--mount=/proc/self/fd/4", "--"] as const;
  return { around: [...inAll(variables), ...NETWORK], probe: [...enter, ...PROGRAM], more: [root, mounts] };
}

/** As root, whoever the unit's user is. */
export function bySystemd(properties: readonly string[], _network: string, variables: Variables): ProbeStart {
  const kept = properties.filter((one) => !/^(User|Group|AmbientCapabilities)=/.test(one));
  const settings = [...kept, "PrivateNetwork=yes", "LimitNOFILE=4096", "RuntimeMaxSec=60"];
  const environment = Object.entries(variables).map(([name, value]) => `--setenv=${name}=${value}`);
  const run = ["systemd-run", "--wait", "--pipe", "--collect", "--quiet", "--no-ask-password"] as const;
  return {
    around: [...run, ...settings.flatMap((one) => ["-p", one]), ...environment, "--"],
    probe: PROGRAM,
    more: [],
  };
}
