// Orders to systemd that the rest depends on.
import { AppError } from "../../system/app-error.ts";
import type { SystemctlResult } from "../../system/host/systemd.ts";

/** Throws AppError where systemctl did not do it. */
export function expectDone(result: SystemctlResult): void {
  if (result.outcome === "done") return;
  throw new AppError("incomplete", `systemd refused: ${result.reason}`, "see 'systemctl status' and 'journalctl -b'");
}
