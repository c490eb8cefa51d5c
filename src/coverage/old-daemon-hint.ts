// The portreserve daemon of old that still runs: what it keeps us from, and what ends it.
import { isOldProgram } from "../core/old-daemon.ts";
import { isUnseen } from "../core/seen.ts";
import type { Hint } from "./coverage.ts";
import type { HostFacts, ProcessFacts } from "./facts.ts";

/** The host's own, not a container's. */
export function isOldDaemon({ program, network, root }: Pick<ProcessFacts, "program" | "network" | "root">): boolean {
  return !isUnseen(program) && isOldProgram(program) && network !== "other" && root === "same";
}

/** Of processes that were looked at anyway: it costs nothing. */
export function oldDaemonHint({ processes, setup }: Pick<HostFacts, "processes" | "setup">): Hint[] {
  const found = processes.find(isOldDaemon);
  if (found === undefined) return [];
  const installed = !isUnseen(setup.list) && setup.list.namesShim;
  return [
    {
      id: "old-daemon",
      message: `the old portreserve daemon runs (process ${found.pid}), so that 'portreserve.service' cannot`,
      hint: `${installed ? "" : "portreservectl install && "}portreservectl migrate`,
    },
  ];
}
