// The portreserve daemon of old that still runs: what it keeps us from, and what ends it.
import { isOldProgram } from "../core/old-daemon.ts";
import { isUnseen } from "../core/seen.ts";
import type { Hint } from "./coverage.ts";
import type { HostFacts } from "./facts.ts";

/** Of processes that were looked at anyway: it costs nothing. */
export function oldDaemonHint({ processes, setup }: Pick<HostFacts, "processes" | "setup">): Hint[] {
  const found = processes.find(
    ({ program, network, root }) =>
      !isUnseen(program) && isOldProgram(program) && network === "same" && root === "same",
  );
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
