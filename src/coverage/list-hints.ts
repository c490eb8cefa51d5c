// Entries of the preload list that load nothing: the loader prints an error about each at every start.
import { isUnseen } from "../core/seen.ts";
import { enumerate } from "../core/text.ts";
import type { Hint } from "./coverage.ts";
import type { ListEntryFacts } from "./facts.ts";
import type { Host } from "./host.ts";

type State = "missing" | "other ABI" | "no library" | "closed";

const WHY: Readonly<Record<State, readonly [why: string, hint: string]>> = {
  missing: ["it is not there", "install what it belongs to, or take it out of /etc/ld.so.preload"],
  "other ABI": [
    "it is for programs of another kind",
    "write $LIB for the folder in its path, so that each program finds its own, or take it out of /etc/ld.so.preload",
  ],
  "no library": ["it is no library", "take it out of /etc/ld.so.preload"],
  closed: ["only some users may use it", "let every user read it, and enter its folders"],
};

export function unloadable({ facts }: Host): readonly Hint[] {
  const { list } = facts.setup;
  const entries = isUnseen(list) ? [] : (list.others ?? []);
  const [strays, named] = [entries.filter(hasReturn), entries.filter((entry) => !hasReturn(entry))];
  return [
    ...named.flatMap(hintsOf),
    ...(strays.length === 0
      ? []
      : [
          {
            id: "list-entry",
            message: `the preload list has ${strays.length === 1 ? "a carriage return" : "carriage returns"}, which the loader takes for a name or a part of one, and which uninstall leaves there`,
            hint: "sed -i 's/\\r$//' /etc/ld.so.preload",
          },
        ]),
  ];
}

function hasReturn({ name }: ListEntryFacts): boolean {
  return name.includes("\r");
}

function hintsOf({ name, files }: ListEntryFacts): Hint[] {
  const states = files.flatMap(({ abi, elf, closedBy }): { readonly abi: string; readonly state: State }[] => {
    if (typeof elf === "string") return [{ abi, state: elf }];
    return closedBy === undefined ? [] : [{ abi, state: "closed" }];
  });
  return (Object.keys(WHY) as State[]).flatMap((state): Hint[] => {
    const abis = states.filter((one) => one.state === state).map(({ abi }) => abi);
    if (abis.length === 0) return [];
    const [why, hint] = WHY[state];
    const whose = state === "closed" ? "programs of some users" : programs(abis, files.length);
    return [
      { id: "list-entry", message: `'${name}' of the preload list cannot be loaded into ${whose}: ${why}`, hint },
    ];
  });
}

function programs(abis: readonly string[], all: number): string {
  return abis.length === all ? "any program" : `${enumerate(abis)} programs`;
}
