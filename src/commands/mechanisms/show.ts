// What 'mechanisms' says of each mechanism: what it guards against, how it stands, and what it does here in numbers.
import type { Block, Json, Line, Tone } from "../../report/types.ts";
import { commandLine } from "../../system/command-text.ts";
import type { ManagedMechanism, MechanismState, Standing } from "./mechanism.ts";

export interface ShownMechanism {
  readonly mechanism: ManagedMechanism;
  readonly standing: Standing;
}

const TONES: Readonly<Record<MechanismState, Tone>> = {
  "in force": "good",
  "not applied": "dim",
  "not kept": "warn",
  "out of date": "warn",
  "foreign settings": "warn",
};

const WORDS: Readonly<Record<MechanismState, string>> = {
  "in force": "in force",
  "not applied": "not applied",
  "not kept": "in force now, and not kept after a boot",
  "out of date": "out of date",
  "foreign settings": "foreign settings",
};

export function shownBlock(all: readonly ShownMechanism[], root: string): Block {
  const open = all
    .filter(({ standing, mechanism }) => standing.state !== "in force" && mechanism.byUnit === undefined)
    .map(({ mechanism }) => mechanism.name);
  const apply = commandLine(root, `mechanisms apply ${open.length === 1 ? open[0] : "NAME"}`);
  return {
    kind: "lines",
    lines: [
      ...all.flatMap((one) => linesOf(one)),
      ...(open.length === 0
        ? []
        : [`'${apply}' applies ${open.length === 1 ? "it" : "one"}; with --dry-run it shows the changes`]),
    ],
  };
}

function linesOf({ mechanism: { name, guards }, standing }: ShownMechanism): readonly Line[] {
  const { state, reason, does, costs, refusals } = standing;
  const head: Line = [
    { text: name, tone: "strong" },
    ": ",
    { text: `${WORDS[state]}${reason === undefined ? "" : ` (${reason})`}`, tone: TONES[state] },
  ];
  return [
    head,
    `  against ${guards}`,
    ...does.map((text) => `  ${text}`),
    ...refusals.map(({ message }): Line => ({ text: `  cannot be applied: ${message}`, tone: "warn" })),
    ...costs.map(({ message }): Line => ({ text: `  wants --force: ${message}`, tone: "warn" })),
  ];
}

/** `state` with hyphens, as scripts have it. */
export function shownJson(all: readonly ShownMechanism[]): Json {
  return all.map(({ mechanism: { name, guards }, standing }) => ({
    name,
    guards,
    state: standing.state.replaceAll(" ", "-"),
    reason: standing.reason ?? null,
    does: standing.does,
    wantsForce: standing.costs.length > 0,
    numbers: standing.numbers,
  }));
}
