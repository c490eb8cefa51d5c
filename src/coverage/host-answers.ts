// The questions about the protection itself: table, preload list, libraries, the units that keep the table fresh.

import { isUnseen, type Unseen } from "../core/seen.ts";
import { enumerate } from "../core/text.ts";
import { definesReplaced } from "./allocating.ts";
import { AS_ROOT, asRoot } from "./as-root.ts";
import { unitWord } from "./commands.ts";
import type { HostAnswer } from "./coverage.ts";
import type { LibraryFacts } from "./facts.ts";
import { heldAnswer } from "./held-answer.ts";
import type { Host } from "./host.ts";
import { mechanismsAnswer } from "./mechanisms-answer.ts";
import { openHint } from "./not-loaded.ts";

type Answer = Pick<HostAnswer, "state" | "answer" | "hint">;

interface Question {
  readonly id: string;
  readonly question: string;
  /** Undefined: it does not arise on this host. */
  readonly assess: (host: Host) => Answer | undefined;
}

const QUESTIONS: readonly Question[] = [
  { id: "table", question: "is there a table in force?", assess: table },
  { id: "fresh", question: "is the table what the configuration asks for?", assess: fresh },
  { id: "readable", question: "may every program read the table, and only root write it?", assess: readable },
  { id: "label", question: "has the table the label that confined programs may read?", assess: label },
  { id: "preload", question: "is the shim loaded into programs?", assess: preload },
  { id: "usable", question: "may every program use the list and the shims?", assess: usable },
  { id: "list", question: "does the list leave the shim's functions to the shim?", assess: listOrder },
  { id: "watchers", question: "does the table follow the configuration?", assess: watchers },
  { id: "hold", question: "are the ports held that are to be?", assess: heldAnswer },
  { id: "mechanisms", question: "are the applied mechanisms in force?", assess: mechanismsAnswer },
  { id: "sockets", question: "could the sockets be listed?", assess: sockets },
  { id: "manager", question: "is the installed manager this one?", assess: manager },
];

export function hostAnswers(host: Host): HostAnswer[] {
  const asked = QUESTIONS.flatMap(({ id, question, assess }) => {
    const answer = assess(host);
    return answer === undefined ? [] : [{ id, question, ...answer }];
  });
  const at = asked.findIndex(({ id }) => id === "preload") + 1;
  const { libraries, highLibraries = [] } = host.facts.setup;
  const used = highUnits(host).length === 0 ? libraries : [...libraries, ...highLibraries];
  return [...asked.slice(0, at), ...used.flatMap(library), ...asked.slice(at)];
}

const COMPILE = "portreservectl compile";
const INSTALL = "portreservectl install";

const good = (answer: string, hint?: string): Answer => ({ state: "good", answer, hint });
const bad = (answer: string, hint?: string): Answer => ({ state: "bad", answer, hint });
const unseen = (why: Unseen): Answer => ({
  state: "unknown",
  answer: `cannot be seen: ${why.unseen}`,
  hint: asRoot(why),
});

/** Of a host on which programs load nothing yet there is one next step, which compiles too. */
function notInstalled({ facts: { setup, units } }: Host): boolean {
  const { list } = setup;
  return !isUnseen(list) && !list.namesShim && !isUnseen(units) && !units.some(({ hasDropIn }) => hasDropIn);
}

function table(host: Host): Answer {
  const { facts, tableInForce } = host;
  const { state, generation, reason, retired } = facts.setup.table;
  if (!tableInForce) {
    const why = state === "missing" ? "there is none" : `the table ${reason ?? `is ${state}`}`;
    return bad(why, state === "foreign" ? undefined : notInstalled(host) ? INSTALL : COMPILE);
  }
  const known = generation === undefined ? "in force" : `generation ${generation}`;
  return retired ? good(`${known}, and a compile was cut short`, COMPILE) : good(known);
}

function fresh({ facts }: Host): Answer | undefined {
  switch (facts.setup.table.state) {
    case "fresh":
      return good("fresh");
    case "stale":
      return bad("the configuration has changed since it was compiled", COMPILE);
    case "valid":
      return { state: "unknown", answer: "the configuration cannot be read", hint: AS_ROOT };
    default:
      return undefined;
  }
}

function readable({ facts, tableInForce }: Host): Answer | undefined {
  if (!tableInForce) return undefined;
  return facts.setup.table.readableByAll ? good("yes") : bad("its mode or its owner is not right", COMPILE);
}

function label({ facts }: Host): Answer | undefined {
  const found = facts.setup.table.label;
  if (found === undefined) return undefined;
  if (found.found === found.wanted) return good(found.found);
  return bad(`it is '${found.found}' instead of '${found.wanted}'`, COMPILE);
}

function preload(host: Host): Answer {
  const { facts } = host;
  const { list } = facts.setup;
  const high = highUnits({ facts });
  const also = high.length === 0 ? "" : `; high ports for ${enumerate(high)}`;
  if (!isUnseen(list) && list.namesShim) return good(`into every program, by the preload list${also}`);
  if (isUnseen(list)) return unseen(list);
  if (isUnseen(facts.units)) return unseen(facts.units);
  if (notInstalled(host)) return bad("not installed", INSTALL);
  const units = facts.units.filter(({ hasDropIn }) => hasDropIn).map(({ id }) => id);
  return good(`only into ${enumerate(units)}, by drop-ins${also}`);
}

/** The services that get the shim's twin. */
function highUnits({ facts: { units } }: Pick<Host, "facts">): readonly string[] {
  return isUnseen(units) ? [] : units.filter((unit) => unit.hasDropIn && unit.highPorts === true).map(({ id }) => id);
}

function usable({ facts }: Host): Answer | undefined {
  const { list, libraries, highLibraries = [] } = facts.setup;
  const used = highUnits({ facts }).length === 0 ? libraries : [...libraries, ...highLibraries];
  const ofList = isUnseen(list) || !list.namesShim ? undefined : list.closedBy;
  const place = ofList ?? used.find(({ closedBy }) => closedBy !== undefined)?.closedBy;
  return place && bad(`only some users may use '${place.path}'`, openHint(place));
}

/** Whatever a library of the list does with functions of its own it does in every process, the ones that allocate nothing too. */
function listOrder({ facts }: Host): Answer | undefined {
  const { list } = facts.setup;
  if (isUnseen(list) || !list.namesShim) return undefined;
  const others = (list.others ?? []).flatMap(({ name, beforeShim, files }) =>
    files.flatMap(({ elf }) => (typeof elf === "string" ? [] : [{ name, beforeShim, elf }])),
  );
  const before = others.find(({ beforeShim, elf }) => beforeShim && !isUnseen(elf) && definesReplaced(elf));
  if (before !== undefined) {
    return bad(
      `'${before.name}' stands before the shim and has allocators of its own`,
      `move '${before.name}' below the shim's line in /etc/ld.so.preload`,
    );
  }
  const own = others.find(({ elf }) => !isUnseen(elf) && elf.mayCallOwn === true);
  if (own !== undefined) {
    const answer = `'${own.name}' has allocators of its own, which its other functions may call`;
    return { state: "unknown", answer, hint: "take it out of the list, or use a build without it" };
  }
  const dark = others.find(({ elf }) => isUnseen(elf));
  return dark && isUnseen(dark.elf)
    ? {
        state: "unknown",
        answer: `what '${dark.name}' defines cannot be seen: ${dark.elf.unseen}`,
        hint: asRoot(dark.elf),
      }
    : undefined;
}

/** Allocators of an ABI that this version has no library for are judged one by one. */
function library({ abi, state, isHigh }: LibraryFacts): HostAnswer[] {
  const answer = isUnseen(state) ? unseen(state) : LIBRARY_ANSWERS[state];
  if (answer === undefined) return [];
  const [id, what] = isHigh === true ? [`library-high-${abi}`, "high-ports library"] : [`library-${abi}`, "library"];
  return [{ id, question: `is the ${what} for ${abi} the one of this version?`, ...answer }];
}

const LIBRARY_ANSWERS: Readonly<Record<"current" | "differs" | "missing" | "no package", Answer | undefined>> = {
  current: good("yes"),
  differs: bad("it is another one", INSTALL),
  missing: bad("it is not installed", INSTALL),
  "no package": undefined,
};

/** Where nothing can watch, the table is as good as it is fresh: nothing is amiss, but somebody has to compile. */
function watchers({ facts, tableInForce }: Host): Answer | undefined {
  const { watchers: found, unwatched } = facts.setup;
  if (unwatched !== undefined) {
    return tableInForce ? good(`the table follows only by hand or by cron: ${unwatched}`, COMPILE) : undefined;
  }
  if (isUnseen(found)) return unseen(found);
  if (found.length === 0) return bad("no unit watches the configuration", INSTALL);
  const asleep = found.filter(({ activeState }) => activeState !== "active");
  const [first] = asleep;
  if (first === undefined) return good(`by ${enumerate(found.map(({ unit }) => unit))}`);
  const words = asleep.map(({ unit, activeState }) => `${unit} is ${activeState}`);
  const units = asleep.map(({ unit }) => unitWord(unit) ?? "").filter((word) => word !== "");
  return bad(enumerate(words), units.length === 0 ? undefined : `systemctl restart ${units.join(" ")}`);
}

function sockets({ facts }: Host): Answer | undefined {
  return facts.socketsUnseen === undefined ? undefined : unseen(facts.socketsUnseen);
}

function manager({ facts }: Host): Answer | undefined {
  const { installed, own } = facts.setup.manager;
  if (isUnseen(installed)) return unseen(installed);
  if (installed === undefined) return undefined;
  return installed === own ? good(own) : bad(`${installed} is installed, and this is ${own}`, INSTALL);
}
