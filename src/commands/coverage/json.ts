// Coverage as fields of a JSON document: every field is always there, null for what does not apply.
import type { Allocator, Coverage, Hint, Holder, HostAnswer, PortHold, PortState } from "../../coverage/coverage.ts";
import type { Json } from "../../report/types.ts";
import type { Figures } from "./figures.ts";

type Fields = { readonly [key: string]: Json };

export function coverageJson(coverage: Coverage, figures: Figures): Fields {
  return {
    verdict: coverage.verdict,
    totals: {
      reserved: figures.reserved.tcp + figures.reserved.udp,
      reservedTcp: figures.reserved.tcp,
      reservedUdp: figures.reserved.udp,
      owners: coverage.owners,
      allocatorsCovered: figures.allocators.covered,
      allocatorsNotCovered: figures.allocators["not covered"],
      allocatorsUnknown: figures.allocators.unknown,
      held: figures.held,
      stolen: figures.stolen,
      unknown: figures.unknown,
      holdsHeld: figures.holds.held,
      holdsMissing: figures.holds.missing,
      holdsUnknown: figures.holds.unknown,
      leftTcp: coverage.portsLeft?.tcp ?? null,
      leftUdp: coverage.portsLeft?.udp ?? null,
    },
    answers: coverage.answers.map(answerJson),
    allocators: coverage.allocators.map(allocatorJson),
    ports: coverage.ports.map(portJson),
    excluded: { otherNetworks: coverage.excluded.otherNetworks, powerless: coverage.excluded.powerless },
    hints: coverage.hints.map(hintJson),
  };
}

export function allocatorJson(allocator: Allocator): Fields {
  return {
    kind: allocator.kind,
    name: allocator.name,
    pid: allocator.pid ?? null,
    unit: allocator.unit ?? null,
    program: allocator.program ?? null,
    count: allocator.count,
    via: allocator.via,
    verdict: allocator.verdict,
    check: allocator.check,
    reason: allocator.reason ?? null,
    hint: allocator.hint ?? null,
  };
}

export function portJson(port: PortState): Fields {
  return {
    port: port.port,
    protocol: port.protocol,
    owners: port.owners,
    reserved: port.reserved,
    inTable: port.inTable,
    kind: port.kind,
    state: port.state,
    holders: port.holders.map(holderJson),
    hold: port.hold === undefined ? null : holdJson(port.hold),
  };
}

export function holdJson({ kind, state, reason, hint }: PortHold): Fields {
  return { kind, state, reason: reason ?? null, hint: hint ?? null };
}

export function holderJson(holder: Holder): Fields {
  return {
    verdict: holder.verdict,
    name: holder.name,
    pid: holder.pid ?? null,
    unit: holder.unit ?? null,
    address: holder.address,
    state: holder.state,
  };
}

function answerJson(answer: HostAnswer): Fields {
  return {
    id: answer.id,
    question: answer.question,
    state: answer.state,
    answer: answer.answer,
    hint: answer.hint ?? null,
  };
}

function hintJson({ id, message, hint }: Hint): Fields {
  return { id, message, hint: hint ?? null };
}
