// The kernel's own NFS client, which takes privileged ports without asking anybody.

import { isUnseen } from "../core/seen.ts";
import { covered, type Decision, notCovered, unknown, unseen } from "./checks.ts";
import type { Allocator } from "./coverage.ts";
import { type Host, reservedPorts } from "./host.ts";
import { shortList } from "./names.ts";

const MOST_SHOWN = 8;
const NAME = "NFS client";

/** Nothing while the kernel has no RPC client loaded. */
export function kernelClient(host: Host): Allocator[] {
  const { sunrpc } = host.facts.kernel;
  if (sunrpc === undefined) return [];
  const via = isUnseen(sunrpc) ? ["kernel"] : [`kernel, ${sunrpc.min}–${sunrpc.max}`];
  const who = {
    kind: "kernel",
    name: NAME,
    pid: undefined,
    unit: undefined,
    program: undefined,
    count: 1,
    via,
  } as const;
  return [{ ...who, check: "kernel", ...decision(host) }];
}

function decision({ facts, reserved }: Host): Decision {
  const { sunrpc, nfs } = facts.kernel;
  if (sunrpc === undefined || isUnseen(sunrpc))
    return unseen("its range", sunrpc ?? { unseen: "no client", rootWould: false });
  const { min, max } = sunrpc;
  if (!(Number.isInteger(min) && Number.isInteger(max) && min <= max)) return unknown(`${min} to ${max} is no range`);
  if (reserved === undefined) return unknown("what is reserved cannot be seen", "run it as root");
  const ports = reservedPorts(reserved).filter((port) => min <= port && port <= max);
  if (ports.length === 0) return covered("no reserved port in its range");
  const inRange = `${shortList(ports, MOST_SHOWN)} in range`;
  const hint = "narrow sunrpc.min_resvport and max_resvport";
  // What asks rpc.statd to watch a lock is no mount, and has no such option.
  if (nfs.length > 0 && nfs.every(({ noresvport }) => noresvport)) {
    return unknown(`${inRange}; every NFS mount has noresvport, but the locks of version 3 may take one`, hint);
  }
  return notCovered(inRange, `${hint}, or mount with noresvport`);
}
