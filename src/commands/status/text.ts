// One screen for a person: the headline, the protection itself, the allocators, the reserved ports, hints.
import { counted } from "../../core/text.ts";
import type { Coverage, Hint } from "../../coverage/coverage.ts";
import type { HostFacts } from "../../coverage/facts.ts";

import type { Block, Line, Tone } from "../../report/types.ts";
import type { Figures } from "../coverage/figures.ts";
import { arrow } from "../coverage/words.ts";
import { allocatorBlocks } from "./allocator-rows.ts";
import { forWhom } from "./headline.ts";
import { portBlocks } from "./port-rows.ts";
import { isInForce, setupBlock } from "./setup-rows.ts";

export interface Shown {
  readonly facts: Pick<HostFacts, "setup" | "time">;
  readonly coverage: Coverage;
  readonly figures: Figures;
  readonly verbose: boolean;
}

export function statusBlocks({ facts, coverage, figures, verbose }: Shown): readonly Block[] {
  const excluded = excludedLine(coverage.excluded);
  return [
    { kind: "lines", lines: [headline(coverage, figures), ""], hang: 0 },
    setupBlock(facts, coverage),
    EMPTY_LINE,
    ...allocatorBlocks(coverage.allocators, verbose),
    ...(excluded === undefined ? [] : [{ kind: "lines", lines: [excluded], hang: HANG } as const]),
    EMPTY_LINE,
    ...portBlocks(coverage.ports, isInForce(facts.setup.table), verbose),
    { kind: "lines", lines: coverage.hints.map(hintLine), hang: HANG },
  ];
}

const HANG = 2;
const EMPTY_LINE: Block = { kind: "lines", lines: [""] };
const BETWEEN = " · ";

/** "12 ports reserved for 6 services · 5 of 6 allocators covered · 1 port stolen" */
function headline({ owners, ports: states }: Coverage, { reserved, allocators, stolen, unknown }: Figures): Line {
  const ports = reserved.tcp + reserved.udp;
  const all = allocators.covered + allocators["not covered"] + allocators.unknown;
  const doubt = allocators.unknown === 0 ? "" : `, ${allocators.unknown} unknown`;
  const tone: Tone = allocators["not covered"] > 0 ? "bad" : allocators.unknown > 0 ? "warn" : "good";
  return [
    { text: `${counted(ports, "port")} reserved ${forWhom(owners, states)}`, tone: "strong", whole: true },
    BETWEEN,
    { text: `${allocators.covered} of ${counted(all, "allocator")} covered${doubt}`, tone, whole: true },
    BETWEEN,
    stolen > 0
      ? { text: `${counted(stolen, "port")} stolen`, tone: "bad", whole: true }
      : unknown > 0
        ? { text: `nothing known to be stolen, ${counted(unknown, "port")} unknown`, tone: "warn", whole: true }
        : { text: "nothing stolen", tone: "good", whole: true },
  ];
}

function excludedLine({ otherNetworks, powerless }: Coverage["excluded"]): Line | undefined {
  const parts = [
    ...(otherNetworks === 0
      ? []
      : [counted(otherNetworks, "process in a network of its own", "processes in networks of their own")]),
    ...(powerless === 0 ? [] : [`${counted(powerless, "process", "processes")} without the right to privileged ports`]),
  ];
  return parts.length === 0 ? undefined : { text: `harmless to this host: ${parts.join(", ")}`, tone: "dim" };
}

function hintLine({ message, hint }: Pick<Hint, "message" | "hint">): Line {
  return [{ text: "hint:", tone: "dim" }, ` ${message}`, arrow(hint)];
}
