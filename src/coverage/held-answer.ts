// The answer to whether portreserve-hold has what it is to have: of every port, those above 1023 too.
import { counted } from "../core/text.ts";
import type { HostAnswer } from "./coverage.ts";
import { NONE } from "./holds.ts";
import type { Host } from "./host.ts";

type Answer = Pick<HostAnswer, "state" | "answer" | "hint">;

/** Undefined where nothing is held, and nothing asks for it. */
export function heldAnswer({ facts, holds }: Host): Answer | undefined {
  const { holder = NONE } = facts;
  const missing = holds.filter(({ state }) => state === "refused" || state === "not held");
  const unknown = holds.filter(({ state }) => state === "unknown");
  const [first] = [...missing, ...unknown];
  if (holds.length === 0) return undefined;
  if (first === undefined) {
    const of = (kind: "hold" | "block"): number => holds.filter((one) => one.kind === kind).length;
    const parts = [`${counted(of("hold"), "port")} held`, ...(of("block") === 0 ? [] : [`${of("block")} blocked`])];
    const [{ reason = undefined, hint = undefined } = {}] = holds;
    const by = holder.kind === "running" ? `, by process ${holder.pid}` : `: ${reason}`;
    return { state: "good", answer: `${parts.join(" and ")}${by}`, hint };
  }
  const { port, protocol, reason, hint } = first;
  const state = missing.length > 0 ? "bad" : "unknown";
  const same = [...missing, ...unknown].every((one) => one.reason === reason);
  if (same && holds.length === missing.length + unknown.length) return { state, answer: reason ?? state, hint };
  const [count, what] = missing.length > 0 ? [missing.length, "not held"] : [unknown.length, "unknown"];
  const answer = `${count} of ${counted(holds.length, "port")} ${count === 1 ? "is" : "are"} ${what}: ${port}/${protocol}: ${reason}`;
  return { state, answer, hint };
}
