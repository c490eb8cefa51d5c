// What verbs say and write of held and blocked ports: counts, changes, and how their file stands.
import type { HeldPort } from "../../core/hold/held-ports.ts";
import type { HoldFreshness } from "../../observe/read-hold.ts";
import type { Json, Line, Message } from "../../report/types.ts";
import { HOLD_FILE } from "../../system/paths.ts";
import { compileHint } from "../source-messages.ts";
import { grouped } from "../table-change.ts";
import type { HoldChange, HoldPlan } from "./plan.ts";

/** "2 held and 1 blocked ports", each protocol counted. */
export function heldCounts(held: readonly HeldPort[]): string {
  const { hold, block } = heldTotals(held);
  return `${hold} held and ${block} blocked ports`;
}

export function heldTotals(held: readonly HeldPort[]): Readonly<Record<HeldPort["kind"], number>> {
  const hold = held.filter(({ kind }) => kind === "hold").length;
  return { hold, block: held.length - hold };
}

/** As a diff, in the order of ports; a port that changes for both protocols takes one line. */
function holdChangeLines({ added, removed }: HoldChange): Line[] {
  const rows = (["hold", "block"] as const).flatMap((kind) => [
    ...rowsOf(added, kind).map((row) => ({ ...row, sign: "+", tone: "good" as const })),
    ...rowsOf(removed, kind).map((row) => ({ ...row, sign: "-", tone: "bad" as const })),
  ]);
  return rows.sort((a, b) => a.port - b.port).map(({ sign, text, tone }) => ({ text: `${sign} ${text}`, tone }));
}

function rowsOf(ports: readonly HeldPort[], kind: HeldPort["kind"]): readonly { port: number; text: string }[] {
  return grouped(ports.filter((one) => one.kind === kind)).map(({ port, protocols }) => ({
    port,
    text: `${kind} ${port}/${protocols.join("+")}`,
  }));
}

export function heldJson(held: readonly HeldPort[]): Json {
  return held.map(({ kind, port, protocol }) => ({ kind, port, protocol }));
}

/** What a compile does, or would do, with the file. */
export function holdLines(plan: HoldPlan, held: readonly HeldPort[], dryRun: boolean): readonly Line[] {
  switch (plan.kind) {
    case "none":
    case "left":
      return [];
    case "unchanged":
      return [`unchanged: '${HOLD_FILE}', ${heldCounts(held)}`];
    case "write": {
      const verb = dryRun ? "would write" : "written";
      return [...holdChangeLines(plan.change), `${verb}: '${HOLD_FILE}', ${heldCounts(held)} (${plan.why})`];
    }
    case "remove": {
      const verb = dryRun ? "would remove" : "removed";
      return [...holdChangeLines(plan.change), `${verb}: '${HOLD_FILE}', since nothing is held or blocked`];
    }
    default:
      return plan satisfies never;
  }
}

/** What verbs say that answer from the file where it does not agree with the configuration. */
export function holdNotes(root: string, freshness: HoldFreshness | undefined): readonly Message[] {
  switch (freshness) {
    case undefined:
    case "none":
    case "fresh":
      return [];
    case "stale":
      return [note("the configuration holds or blocks other ports than it did when it was compiled", root)];
    case "missing":
      return [note(`there is no '${HOLD_FILE}', so nothing is held or blocked yet`, root)];
    case "foreign":
      return [note(`'${HOLD_FILE}' is no file, so nothing is held or blocked`, root, "move it away, then compile")];
    case "damaged":
    case "unreadable":
      return [note(`'${HOLD_FILE}' is ${freshness}, so what is held or blocked is not known`, root)];
    default:
      return freshness satisfies never;
  }
}

function note(message: string, root: string, hint = compileHint(root)): Message {
  return { severity: "note", message, hint };
}
