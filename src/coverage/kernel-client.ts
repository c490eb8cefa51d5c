// The kernel's own clients, of NFS and of 9p, which take privileged ports without asking anybody.

import { ENOUGH_CLIENT_PORTS, longestRun, sizeOf } from "../core/mechanisms/nfs-range.ts";
import { isUnseen } from "../core/seen.ts";
import { AS_ROOT } from "./as-root.ts";
import { covered, type Decision, notCovered, unknown, unseen } from "./checks.ts";
import type { Allocator } from "./coverage.ts";
import { allHeld, holdHint, leftOpen, type Reach } from "./held.ts";
import { type Host, reservedPorts } from "./host.ts";
import { shortList } from "./names.ts";

const MOST_SHOWN = 8;
const NAME = "NFS client";

/** Nothing while the kernel has no RPC client loaded. */
export function kernelClient(host: Host): Allocator[] {
  const { sunrpc } = host.facts.kernel;
  if (sunrpc === undefined) return [];
  const via = isUnseen(sunrpc) ? ["kernel"] : [`kernel, ${sunrpc.min}–${sunrpc.max}`];
  const range = isUnseen(sunrpc) ? {} : { range: sunrpc };
  return [{ ...KERNEL, name: NAME, via, ...range, ...decision(host) }];
}

const KERNEL = {
  kind: "kernel",
  pid: undefined,
  unit: undefined,
  program: undefined,
  count: 1,
  check: "kernel",
} as const;

/** P9_DEF_MIN_RESVPORT and P9_DEF_MAX_RESVPORT, which nothing changes. */
const PLAN9 = { min: 665, max: 1023 };

/** One for all mounts that have, or may have, the option privport; each takes a TCP port when it is mounted. */
export function plan9Client(host: Host): Allocator[] {
  const mounts = host.facts.kernel.plan9 ?? [];
  const sure = mounts.find(({ privport }) => privport);
  const [one] = sure === undefined ? mounts : [sure];
  if (one === undefined || (sure === undefined && !kernelHoldsPort(host))) return [];
  const via = [`kernel, ${PLAN9.min}–${PLAN9.max}`];
  return [{ ...KERNEL, name: "9p client", via, range: PLAN9, ...plan9Decision(one, host) }];
}

function plan9Decision(
  { target, privport }: { readonly target: string; readonly privport: boolean },
  host: Host,
): Decision {
  const { reserved } = host;
  if (reserved === undefined) return unknown("what is reserved cannot be seen", AS_ROOT);
  const inRange = portsWithin(PLAN9, [...(reserved.get("tcp") ?? [])]);
  if (inRange === undefined) return NONE_WITHIN;
  if (allHeld(PLAN9, host, ["tcp"])) return ALL_HELD;
  const hint = holdHint(leftOpen(PLAN9, host, ["tcp"]), host);
  if (privport) return notCovered(`${inRange}, and '${target}' is mounted with privport`, hint);
  return unknown(`${inRange}, and whether '${target}' is mounted with privport cannot be seen`, hint);
}

/** While such a mount is there it has one. */
function kernelHoldsPort({ facts }: Host): boolean {
  if (facts.socketsUnseen !== undefined) return true;
  return facts.sockets.some(
    ({ protocol, port, state, holders }) =>
      protocol === "tcp" &&
      state === "connected" &&
      PLAN9.min <= port &&
      port <= PLAN9.max &&
      (isUnseen(holders) || holders.length === 0),
  );
}

const NONE_WITHIN = covered("no reserved port in its range");
/** It sets no SO_REUSEADDR, and tries the next port. */
const ALL_HELD = covered("every reserved port in its range is held");

/** "631 636 reserved in its range"; undefined where none of these ports is. */
function portsWithin({ min, max }: NonNullable<Allocator["range"]>, ports: readonly number[]): string | undefined {
  const within = ports.filter((port) => min <= port && port <= max).sort((a, b) => a - b);
  return within.length === 0 ? undefined : `${shortList(within, MOST_SHOWN)} reserved in its range`;
}

function decision(host: Host): Decision {
  const { facts, reserved } = host;
  const { sunrpc, nfs } = facts.kernel;
  if (sunrpc === undefined || isUnseen(sunrpc))
    return unseen("its range", sunrpc ?? { unseen: "no client", rootWould: false });
  const { min, max } = sunrpc;
  if (!(Number.isInteger(min) && Number.isInteger(max) && min <= max)) return unknown(`${min} to ${max} is no range`);
  if (reserved === undefined) return unknown("what is reserved cannot be seen", AS_ROOT);
  const inRange = portsWithin(sunrpc, reservedPorts(reserved));
  if (inRange === undefined) return NONE_WITHIN;
  // By UDP too: version 3 may ask for mounts and locks so.
  if (allHeld(sunrpc, host)) return ALL_HELD;
  const hint = clientHint(sunrpc, host, reservedPorts(reserved));
  if (nfs.length === 0 || !nfs.every(({ noresvport }) => noresvport)) return notCovered(inRange, hint);
  const but = whatTakesOne(host);
  return but === undefined ? NO_PRIVILEGED : unknown(`${inRange}; every NFS mount has noresvport, but ${but}`, hint);
}

const NO_PRIVILEGED = covered("every NFS mount has noresvport, and gets it by 'mechanisms apply noresvport'");

/** What the option of the mounts does not reach; undefined where nothing is left. */
function whatTakesOne({ facts }: Host): string | undefined {
  const { nfs, nfsServer } = facts.kernel;
  // What asks rpc.statd to watch a lock is no mount, and has no such option.
  if (!nfs.every(({ needsNoStatd }) => needsNoStatd)) return "the locks of version 3 may take one";
  if (nfsServer) return "the kernel's NFS server may take one to call a client back";
  const isKept = facts.mechanisms?.some(({ name, inForce }) => name === "noresvport" && inForce) ?? false;
  return isKept ? undefined : "the next may not";
}

/** What is to be held wants that cured; for all others a range needs nobody's flag, if there is one that is wide enough. */
function clientHint(range: Reach, host: Host, reserved: readonly number[]): string | undefined {
  const open = leftOpen(range, host);
  const run = longestRun(reserved);
  const isWide = run !== undefined && sizeOf(run) >= ENOUGH_CLIENT_PORTS;
  const isAsked = open.every((one) => host.holdOf(one) !== undefined);
  return isWide && !isAsked ? "portreservectl mechanisms apply nfs-range" : holdHint(open, host);
}
