// hold --share: which answers change once the units of owners have the share library, and for which ports each gets it.
import { placeText } from "../../core/hold/port-lines.ts";
import { isUnitOf } from "../../core/systemd/unit-name.ts";
import { enumerate, quote } from "../../core/text.ts";
import type { PortUser } from "../../coverage/hold-gate.ts";
import type { Answer } from "../hold/answers.ts";

export interface SharedAnswers {
  readonly answers: readonly Answer[];
  /** By the name of the unit: "631/udp". */
  readonly wanted: ReadonlyMap<string, readonly string[]>;
}

/** The table that the library reads ends before it. */
const PORTS_END = 1024;

/** `named`: the units of --unit, by their own names; without any, those that have the ports now. */
export function shareAnswers(answers: readonly Answer[], named: readonly string[]): SharedAnswers {
  const wanted = new Map<string, readonly string[]>();
  const changed = answers.map((answer): Answer => {
    const found = unitsFor(answer, named);
    if ("kept" in found) return { ...answer, ...found.kept };
    for (const unit of found.units) wanted.set(unit, [...(wanted.get(unit) ?? []), placeText(answer)]);
    return answer.answer === "already" ? answer : shared(answer, found.units);
  });
  return { answers: changed, wanted };
}

function shared({ hint: _, ...answer }: Answer, units: readonly string[]): Answer {
  const verb = units.length === 1 ? "gets" : "get";
  const text = `can be held: ${enumerate(units.map(quote))} ${verb} SO_REUSEADDR by the share library`;
  return { ...answer, answer: "shared", text };
}

type Units = { readonly units: readonly string[] } | { readonly kept: Partial<Answer> };

function unitsFor({ answer, port, users }: Answer, named: readonly string[]): Units {
  switch (answer) {
    case "alone":
      return port >= PORTS_END ? { kept: { hint: NO_TABLE } } : unitsOf(users, named);
    case "down":
    case "unchecked":
    case "already":
      if (named.length > 0 && port < PORTS_END) return { units: named };
      return answer === "down" ? { kept: { hint: port >= PORTS_END ? NO_TABLE : NAME_IT } } : { kept: {} };
    case "can":
    case "stolen":
    case "unused":
    case "shared":
    case "taken":
    case "unknown":
      return { kept: {} };
    default:
      return answer satisfies never;
  }
}

const NO_TABLE = "the share library goes by the table, which ends at port 1023: leave the port as it is";
const NAME_IT = "name the service that is its owner with --unit, or start it and run this again";

/** All of them have to get it, or the port cannot be held. */
function unitsOf(users: readonly PortUser[], named: readonly string[]): Units {
  const found = new Set<string>();
  for (const { name, pid, unit, isStatic } of users) {
    // The gate has said what these need.
    if (pid === undefined || isStatic) return { kept: {} };
    if (unit?.endsWith(".service") !== true) {
      return { kept: { hint: `${name} ${pid} is of no service: start it by one, and run this again` } };
    }
    const one = named.length === 0 ? unit : named.find((wanted) => isUnitOf(unit, wanted));
    if (one === undefined) return { kept: { hint: `it is ${quote(unit)} that has the port: add --unit ${unit}` } };
    found.add(one);
  }
  return { units: [...found] };
}
