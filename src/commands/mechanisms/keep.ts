// compile and the mechanisms: those that were applied follow the reservations, and nothing is done about the others.
import type { Reservation } from "../../core/config/types.ts";
import type { Change } from "../../core/install/change.ts";
import type { Block, Json, Line, Message } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { commandLine } from "../../system/command-text.ts";
import type { Options } from "../types.ts";
import { carryOut, changesToApply, type Work } from "./change.ts";
import { isApplied } from "./mechanism.ts";
import { MANAGED_MECHANISMS } from "./table.ts";

/** What was done with each that is no longer as it should be. */
export interface Kept {
  readonly name: string;
  readonly result: "planned" | "changed" | "left" | "failed";
  readonly changes: readonly Change[];
  readonly message?: Message;
}

/** Under the lock, unless it is a dry run. One that fails keeps no other from being done. */
export function keepMechanisms(
  { root, dryRun, force }: Pick<Options, "root" | "dryRun" | "force">,
  reservations: readonly Reservation[],
): readonly Kept[] {
  return MANAGED_MECHANISMS.filter(({ byHand }) => !byHand).flatMap((mechanism): Kept[] => {
    const standing = mechanism.look({ root, reservations });
    if (!isApplied(standing)) return [];
    const changes = changesToApply(root, standing);
    if (changes.length === 0) return [];
    const { name } = mechanism;
    const [why] = [...standing.refusals, ...(force ? [] : standing.costs)];
    if (why !== undefined) return [{ name, result: "left", changes: [], message: left(name, why, root) }];
    if (dryRun) return [{ name, result: "planned", changes }];
    return [done({ mechanism, standing, changes }, root)];
  });
}

function done(work: Work, root: string): Kept {
  const { name } = work.mechanism;
  try {
    carryOut(root, [work], commandLine(root, "compile"));
    return { name, result: "changed", changes: work.changes };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const message = `the mechanism '${name}' could not follow the reservations: ${error.message}`;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    return { name, result: "failed", changes: [], message: { severity: "error", message, ...hint } };
  }
}

function left(name: string, why: Message, root: string): Message {
  return {
    severity: "warning",
    message: `the mechanism '${name}' was left as it is: ${why.message}`,
    hint: `run 'sudo ${commandLine(root, `mechanisms apply ${name} --force`)}', or reserve fewer ports`,
  };
}

export function keptBlock(kept: readonly Kept[]): Block {
  const lines = kept.flatMap(({ name, result, changes }): Line[] => {
    if (result !== "planned" && result !== "changed") return [];
    const verb = result === "planned" ? "would change" : "changed";
    return [`${verb}: the mechanism '${name}', ${changes.map(({ path }) => `'${path}'`).join(", ")}`];
  });
  return { kind: "lines", lines };
}

export function keptMessages(kept: readonly Kept[]): readonly Message[] {
  return kept.flatMap(({ message }) => message ?? []);
}

export function keptJson(kept: readonly Kept[]): Json {
  return kept.map(({ name, result }) => ({ name, result }));
}
