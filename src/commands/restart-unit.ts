// One unit of this host, restarted for a user who asked for it; or why not, and where more is said.
import { unitWord } from "../coverage/commands.ts";
import type { Message } from "../report/types.ts";
import { restart, systemdRuns } from "../system/host/systemd.ts";

/** Blocks until systemd says that it has started. Undefined once it has. */
export function restartUnit(unit: string): Message | undefined {
  if (!systemdRuns("/")) return { severity: "error", message: notRestarted(unit, "systemd does not run here") };
  const result = restart(unit);
  if (result.outcome === "done") return undefined;
  const hint = { hint: `'journalctl -u ${unitWord(unit) ?? "UNIT"}' says more` };
  return {
    severity: "error",
    message: notRestarted(unit, result.reason),
    ...(result.outcome === "missing" ? {} : hint),
  };
}

function notRestarted(unit: string, why: string): string {
  return `'${unit}' was not restarted: ${why}`;
}
