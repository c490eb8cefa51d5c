// What is worth saying of held ports: an owner that a hold may keep out, and one that has ports of its own.
import { enumerate } from "../core/text.ts";
import { unitWord } from "./commands.ts";
import type { Hint, PortState } from "./coverage.ts";
import type { Host } from "./host.ts";
import type { UnitFacts } from "./unit-facts.ts";

/** As users write it: "631/udp". */
export const portWord = ({ port, protocol }: Pick<PortState, "port" | "protocol">): string => `${port}/${protocol}`;

/** A hold looks at nobody's flag once it is there: an owner that an upgrade took it from finds its port in use, and nobody there. */
function ownerKeptOut(units: readonly UnitFacts[], ports: readonly PortState[]): readonly Hint[] {
  return units
    .filter(({ id, activeState }) => id.endsWith(".service") && activeState === "failed")
    .map(({ id }): Hint => {
      const words = ports.map(portWord);
      const [what, it] = words.length === 1 ? ["port", "it"] : ["ports", "them"];
      const unit = unitWord(id);
      const restart = unit === undefined ? [] : [`systemctl restart ${unit}`];
      return {
        id: "owner-kept-out",
        message: `'${id}' has failed while portreserve-hold holds ${enumerate(words)} for it: without SO_REUSEADDR it is refused its own ${what}, and 'portreservectl hold --share' lets it have ${it}`,
        hint: [`portreservectl unhold ${words.join(" ")}`, ...restart].join(" && "),
      };
    });
}

/** What is held is the host's; a unit in another network has the same ports once more. */
function elsewhere(units: readonly UnitFacts[], ports: readonly PortState[]): readonly Hint[] {
  return units.flatMap(({ id, ownNetwork }): Hint[] =>
    ownNetwork === undefined
      ? []
      : [
          {
            id: "other-network",
            message: `'${id}' has ports of its own (${ownNetwork}): ${enumerate(ports.map(portWord))} of this network ${ports.length === 1 ? "is" : "are"} held, and what it binds is not`,
            hint: undefined,
          },
        ],
  );
}

type Rule = (units: readonly UnitFacts[], ports: readonly PortState[]) => readonly Hint[];

/** `unitOf`: the unit of an owner. Each rule is asked of each unit with the ports that are held for it and that it has not. */
export function holdHints(
  ports: readonly PortState[],
  unitOf: (owner: string, host: Host) => UnitFacts | undefined,
  host: Host,
): Hint[] {
  const found = new Map<string, { readonly unit: UnitFacts; readonly ports: PortState[] }>();
  for (const state of ports) {
    const { hold, holders, owners } = state;
    if (hold?.kind !== "hold" || hold.state !== "held" || holders.some(({ verdict }) => verdict === "owner")) continue;
    for (const unit of owners.flatMap((owner) => unitOf(owner, host) ?? [])) {
      const known = found.get(unit.id) ?? { unit, ports: [] };
      if (!known.ports.includes(state)) known.ports.push(state);
      found.set(unit.id, known);
    }
  }
  const rules: readonly Rule[] = [ownerKeptOut, elsewhere];
  return rules.flatMap((rule) => [...found.values()].flatMap(({ unit, ports: held }) => rule([unit], held)));
}
