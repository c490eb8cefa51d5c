// What install and uninstall say of the old daemon, where it is on the host too.
import { quote } from "../../core/text.ts";
import { oldDaemonFiles, oldProcesses } from "../../observe/old-daemon/read-old-daemon.ts";
import type { Message } from "../../report/types.ts";
import { comesBack } from "./words.ts";

/** `putsUnits`: our units are put there, which have its name. */
export function besideOldDaemon(root: string, putsUnits: boolean): readonly Message[] {
  const [process] = root === "/" ? oldProcesses() : [];
  if (process !== undefined) {
    const message = `the old portreserve daemon runs (process ${process.pid}); until it ends, 'portreserve.service' cannot, and the daemon's ports are held`;
    return [{ severity: "note", message, hint: "run 'sudo portreservectl migrate', which ends it" }];
  }
  const { scripts, units } = oldDaemonFiles(root);
  const [file] = [...scripts, ...units];
  if (!putsUnits || file === undefined) return [];
  const message = `${quote(file)} belongs to the old portreserve daemon; what starts from now on is 'portreserve.service' of the same name`;
  const hint = root === "/" ? "run 'sudo portreservectl migrate'" : "its package can be removed from there";
  return [{ severity: "note", message, hint }];
}

/** After our units are gone. */
export function oldDaemonIsBack(root: string): readonly Message[] {
  const files = oldDaemonFiles(root);
  if (!comesBack(files) || (files.links.length === 0 && files.units.length === 0)) return [];
  const message = "the old portreserve daemon is still installed, and starts again at the next boot";
  const hint = root === "/" ? "'sudo systemctl start portreserve' starts it now" : undefined;
  return [{ severity: "note", message, ...(hint === undefined ? {} : { hint }) }];
}
