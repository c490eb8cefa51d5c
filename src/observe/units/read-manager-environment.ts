// What systemd gives to every service of the host, unless the service says otherwise.
import {
  type EnvironmentEntry,
  findEntry,
  PRELOAD_VARIABLE,
  parseManagerEnvironment,
} from "../../core/systemd/environment.ts";
import { showManagerEnvironment, systemdRuns } from "../../system/host/systemd.ts";

/** Its LD_PRELOAD; undefined also where systemd does not run, or does not say. */
export function managerPreload(root: string): EnvironmentEntry | undefined {
  if (!systemdRuns(root)) return undefined;
  const shown = showManagerEnvironment();
  return shown.outcome === "done" ? findEntry(parseManagerEnvironment(shown.output), PRELOAD_VARIABLE) : undefined;
}
