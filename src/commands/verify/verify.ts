// verify: is everything covered, proved by a program that allocates all it can get, and by a look at all that runs.
import type { Verdict } from "../../coverage/coverage.ts";
import { hintFor } from "../../coverage/paste.ts";
import { newMemory } from "../../observe/read-memory.ts";
import type { Outcome, Report } from "../../report/types.ts";
import { assessHost, refuseOtherRoot } from "../coverage/look.ts";
import { asRootCommand } from "../this-command.ts";
import type { Command } from "../types.ts";
import { type HoldProof, proveHolds } from "./hold-proof.ts";
import { verifyJson } from "./json.ts";
import { LEFT_OUT, type Proof, prove } from "./prove.ts";
import { checkScope, coverageWithin, type ScopedCoverage, scopeOf } from "./scope.ts";
import { verifyBlocks } from "./text.ts";

const OUTCOMES: Readonly<Record<Verdict, Outcome>> = { covered: "done", "not covered": "no", unknown: "incomplete" };

export const verify: Command = async (context): Promise<Report> => {
  const { options } = context;
  refuseOtherRoot("verify", options);
  checkScope(context);
  const { facts, coverage, diagnostics } = assessHost(context, newMemory());
  const scope = scopeOf(context, facts);
  const judged = coverageWithin(scope, coverage);
  const found = options.quick ? LEFT_OUT : await prove(scope, facts);
  const held = options.quick || scope.kind !== "host" ? undefined : await proveHolds(facts);
  const asker = { asRoot: facts.asRoot, again: asRootCommand(context) };
  const proof: Proof = { ...found, hint: hintFor(found.hint, asker) };
  const holds = held && { ...held, hint: hintFor(held.hint, asker) };
  const verdict = verdictOf(proof, holds, judged);
  return {
    command: "verify",
    outcome: OUTCOMES[verdict],
    diagnostics,
    quiet: ["note"],
    body: verifyBlocks({ scope, proof, holds, judged, verdict }),
    data: verifyJson({ scope, proof, holds, judged, verdict }),
  };
};

/** Covered needs a proof, unless it was not wanted. */
function verdictOf(
  proof: Proof,
  holds: HoldProof | undefined,
  { answers, allocators, stolen, unknown }: ScopedCoverage,
): Verdict {
  const bad =
    proof.state === "bad" ||
    holds?.state === "bad" ||
    stolen.length > 0 ||
    answers.some(({ state }) => state === "bad") ||
    allocators.some(({ verdict }) => verdict === "not covered");
  if (bad) return "not covered";
  const open =
    proof.state === "none" ||
    holds?.state === "none" ||
    unknown.length > 0 ||
    answers.some(({ state }) => state === "unknown") ||
    allocators.some(({ verdict }) => verdict === "unknown");
  return open ? "unknown" : "covered";
}
