// hold --share and unhold: drop-ins come before the ports are held and go after, and what runs shares its port at once.
import { readOpenSockets } from "../../observe/sockets/read-open-sockets.ts";
import { processesOf } from "../../observe/units/read-unit-processes.ts";
import type { Message } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { type Journal, openJournal } from "../../system/files/apply.ts";
import { flushFoldersOf } from "../../system/files/flush-folders.ts";
import { tidyUpBeside } from "../../system/files/tidy-up.ts";
import { shareSocket } from "../../system/host/other-sockets.ts";
import { daemonReload, systemdRuns } from "../../system/host/systemd.ts";
import { INSTALLED_SHARE } from "../../system/paths.ts";
import { isGone, isRefused } from "../../system/proc/process-files.ts";
import { expectInForce } from "../install/drop-ins.ts";
import { expectDone } from "../install/expect-done.ts";
import type { DropInPlan, SharePlan } from "./plan.ts";

/**
 * Puts the drop-ins, gives the sockets of what runs the flag, and does `work`, which holds the ports: an owner without the
 * library never meets a hold. Only under the lock. Throws AppError; the drop-ins are then as they were.
 */
export function withShared<T>(root: string, plan: SharePlan, work: () => T): { result: T; notes: readonly Message[] } {
  const journal = openJournal(root);
  try {
    change(root, plan, journal);
    if (systemdRuns(root)) for (const unit of plan.units) expectInForce(root, unit, INSTALLED_SHARE);
    const notes = root === "/" ? shareRunning(plan.wanted) : [];
    return { result: work(), notes };
  } catch (error) {
    const left = journal.rollBack();
    if (!(error instanceof AppError) || left === undefined) throw error;
    throw new AppError(error.code, `${error.message}; ${left}`, error.hint, error);
  }
}

/** Takes away what no held port needs any more. Only under the lock. Throws AppError; the drop-ins are then as they were. */
export function unshare(root: string, plan: DropInPlan): void {
  if (plan.changes.length === 0) return;
  const journal = openJournal(root);
  try {
    change(root, plan, journal);
  } catch (error) {
    const left = journal.rollBack();
    if (!(error instanceof AppError)) throw error;
    const kept = `${error.message}; the ports are no longer held, and the drop-ins ${left === undefined ? "are as they were" : `were left: ${left}`}`;
    throw new AppError(error.code, kept, error.hint, error);
  }
}

function change(root: string, { changes, places }: DropInPlan, journal: Journal): void {
  for (const place of places) tidyUpBeside(root, place, "nothing was changed");
  if (changes.length === 0) return;
  const running = systemdRuns(root);
  if (running) journal.undo("systemd still knows the drop-ins", () => expectDone(daemonReload()));
  journal.apply(changes);
  flushFoldersOf(root, places);
  if (running) expectDone(daemonReload());
}

/** Until its next start, for which there is the library. Connections that it has accepted are on its port too. */
function shareRunning(wanted: SharePlan["wanted"]): readonly Message[] {
  return [...wanted].flatMap(([service, ports]) => {
    const asked = new Set(ports);
    return [...processesOf(service)].flatMap(([unit, pids]) => pids.flatMap((pid) => shareOf(pid, unit, asked)));
  });
}

const PROTOCOLS: Readonly<Record<number, string>> = { 6: "tcp", 17: "udp" };

function shareOf(pid: number, unit: string, ports: ReadonlySet<string>): readonly Message[] {
  const open = readOpenSockets(pid, () => true);
  if (isRefused(open)) return isGone(open) ? [] : [notShared(pid, unit, open.errno)];
  return open
    .filter(({ socket }) => !socket.reuseAddress && ports.has(`${socket.port}/${PROTOCOLS[socket.protocol]}`))
    .flatMap(({ fd, inode }) => {
      const shared = shareSocket(pid, fd, inode);
      return shared.outcome === "failed" ? [notShared(pid, unit, shared.reason)] : [];
    });
}

function notShared(pid: number, unit: string, reason: string): Message {
  return {
    severity: "warning",
    message: `process ${pid} of '${unit}' could not be given SO_REUSEADDR as it runs: ${reason}`,
    hint: `'systemctl restart ${unit}' gives it that, and the port is held then`,
  };
}
