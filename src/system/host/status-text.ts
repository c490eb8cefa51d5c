// What a service says of itself to systemd, which shows it in `systemctl status` as long as the unit is loaded.
import { SYSTEMD_NOTIFY } from "../paths.ts";
import { runProgram } from "../start-program.ts";

/** Milliseconds. */
const PATIENCE = 5000;

/**
 * `text`: one line. Only what systemd has started with NotifyAccess= tells it; that it hears nothing is no error.
 * systemd-notify speaks for the process that has started it.
 */
export function tellSystemd(text: string): void {
  if (process.env.NOTIFY_SOCKET !== SYSTEMD_NOTIFY) return;
  runProgram(["systemd-notify", `--status=${text}`], {
    environment: { NOTIFY_SOCKET: SYSTEMD_NOTIFY },
    timeout: PATIENCE,
  });
}
