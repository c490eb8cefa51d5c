// What is said when a step fails: of a run that was rolled back, and of the tools whose failure is only worth a warning.
import type { Message } from "../../report/types.ts";
import { AppError, errnoOf, fromSystem } from "../../system/app-error.ts";
import type { Journal } from "../../system/files/apply.ts";

/** The error with what became of the host. Bugs come back as they are, after the host has been put in order. */
export function rolledBack(error: unknown, journal: Journal, next: string): unknown {
  const left = journal.rollBack();
  const failure = errnoOf(error) === undefined ? error : fromSystem(error, "cannot do all of it");
  if (!(failure instanceof AppError)) return failure;
  const outcome =
    left === undefined
      ? "everything is as it was before"
      : `it could be taken back only in part, ${left}; what was done before that stays, and works`;
  const hint =
    left === undefined ? failure.hint : [failure.hint, `then run 'sudo ${next}'`].filter((part) => part).join("; ");
  return new AppError(failure.code, `${failure.message}; ${outcome}`, hint, failure);
}

/** That these tools fail is worth a warning: programs run on, less covered. */
export function confinementNotes(failures: readonly (string | undefined)[]): readonly Message[] {
  return failures
    .filter((failure) => failure !== undefined)
    .map((failure) => ({
      severity: "warning",
      message: `${failure}; confined programs may not be covered`,
      hint: "run it by hand",
    }));
}
