// What verify says to a script: docs/schema/verify.schema.json describes it.

import type { Json } from "../../report/types.ts";
import { allocatorJson, portJson } from "../coverage/json.ts";
import type { ProofRow } from "./proof.ts";
import type { Verified } from "./text.ts";

export function verifyJson({ scope, proof, holds, judged, verdict }: Verified): { readonly [key: string]: Json } {
  return {
    verdict,
    scope: {
      kind: scope.kind,
      unit: scope.kind === "unit" ? scope.unit : null,
      pid: scope.kind === "process" ? scope.process.pid : null,
    },
    how: {
      way: proof.how,
      state: proof.state,
      reason: proof.reason ?? null,
      hint: proof.hint ?? null,
      notes: proof.notes,
    },
    proof: proof.rows.map(rowJson),
    holds:
      holds === undefined
        ? null
        : {
            state: holds.state,
            reason: holds.reason ?? null,
            hint: holds.hint ?? null,
            proof: holds.rows.map((row) => ({ ...row, error: row.error ?? null })),
          },
    answers: judged.answers.map(({ id, question, state, answer, hint }) => ({
      id,
      question,
      state,
      answer,
      hint: hint ?? null,
    })),
    allocators: judged.allocators.map(allocatorJson),
    stolen: judged.stolen.map(portJson),
    unknown: judged.unknown.map(portJson),
  };
}

function rowJson({
  abi,
  symbol,
  protocol,
  family,
  address,
  provider,
  handedOut,
  reservedHandedOut,
  missing,
  faults,
  good,
}: ProofRow): Json {
  const from = provider ?? null;
  return {
    abi,
    symbol,
    protocol,
    family,
    address,
    provider: from,
    handedOut,
    reservedHandedOut,
    missing,
    faults,
    good,
  };
}
