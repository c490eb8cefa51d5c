// What verify says of the proof of held ports, made by hand: good, bad and none; the verdict's line names it.
import { expect, test } from "vitest";
import { type HeldBindRow, type HoldProof, judgeBinds } from "../../src/commands/verify/hold-proof.ts";
import { verifyJson } from "../../src/commands/verify/json.ts";
import { LEFT_OUT } from "../../src/commands/verify/prove.ts";
import { type Verified, verifyBlocks } from "../../src/commands/verify/text.ts";
import { renderJson, renderText } from "../../src/report/render.ts";
import { schemaFaults } from "../support/schema.ts";

const judged = { answers: [], allocators: [], stolen: [], unknown: [] };
const binds = (["inet", "inet6"] as const).map((family) => ({ port: 631, protocol: "tcp", family }) as const);

function said(holds: HoldProof | undefined, verdict: Verified["verdict"]): string {
  const verified: Verified = { scope: { kind: "host" }, proof: LEFT_OUT, holds, judged, verdict };
  const report = { command: "verify", outcome: "done", diagnostics: [], body: verifyBlocks(verified) } as const;
  const data = verifyJson(verified);
  expect(schemaFaults("verify", JSON.parse(renderJson({ ...report, data }, 0)))).toEqual([]);
  return renderText({ ...report, data }, { verbose: false, color: { out: false, err: false } }).out;
}

const REFUSED = { stdout: '{"error":"EADDRINUSE"}\n', status: 1 };

test("each bind that was refused is counted", () => {
  expect(said(judgeBinds(binds, [REFUSED, REFUSED]), "covered")).toBe(
    "the host: covered (0 allocators, without a proof)\nproof: left out\nheld ports: good, each of 2 plain binds was refused\n",
  );
});

test("a port that could be bound is named, and fails the whole", () => {
  const proof = judgeBinds(binds, [REFUSED, { stdout: '{"port":631}\n', status: 0 }]);
  expect(proof.rows.map(({ error, good }: HeldBindRow) => [error, good])).toEqual([
    ["EADDRINUSE", true],
    [undefined, false],
  ]);
  expect(said(proof, "not covered")).toBe(
    "the host: not covered (held ports could be bound)\nproof: left out\nheld ports: failed: 631/tcp could be bound, so it is not held\n",
  );
});

test("what proves nothing says why; nothing is said where nothing is held", () => {
  const none = { state: "none", reason: "only root may try to bind them", hint: "sudo x verify", rows: [] } as const;
  expect(said(none, "unknown")).toBe(
    "the host: unknown (no proof of held ports)\nproof: left out\nheld ports: none: only root may try to bind them → sudo x verify\n",
  );
  expect(said(undefined, "covered")).not.toContain("held ports");
});
