// What verbs that change the host need their user to be.
import { AppError } from "../system/app-error.ts";
import { asRootCommand, type ThisCommand } from "./this-command.ts";

/** Throws AppError: on the host itself nobody but root can do it. */
export function needRoot(command: ThisCommand, why = "it changes files that every program reads"): void {
  if (command.options.root !== "/" || process.geteuid?.() === 0) return;
  throw new AppError("privilege", `${command.verb} needs root: ${why}`, `run '${asRootCommand(command)}'`);
}
