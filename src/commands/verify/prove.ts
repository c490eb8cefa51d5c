// Makes the proof: plays every allocation of every ABI in the first way that works, and judges what came of it.
import { isUnseen } from "../../core/seen.ts";
import { enumerate } from "../../core/text.ts";
import type { HostFacts } from "../../coverage/facts.ts";
import { parseMarker } from "../../coverage/marker.ts";
import { powerlessBy } from "../../coverage/running.ts";
import type { UnitFacts } from "../../coverage/unit-facts.ts";
import { abisOf, type HostAbi, highFile, shimFile } from "../../system/host/abis.ts";
import { sandboxSupport } from "../../system/sandbox/sandbox-support.ts";
import { type PlayResult, playProbe } from "./play-probe.ts";
import {
  judgeRuns,
  PROOF_RUNS,
  type ProofContext,
  type ProofPorts,
  type ProofRow,
  type ProofRun,
  probeArguments,
  providersIn,
  WHICH,
} from "./proof.ts";
import { abisIn, type Scope } from "./scope.ts";
import { asUser } from "./starts.ts";
import type { How, NoWay, Way } from "./way.ts";
import { withWays } from "./ways.ts";

/** Behind a fault that a proof as an ordinary user has found. */
export const AS_USER = ", as an ordinary user";

/** `none`: nothing was proved; `left out`: nothing was tried. */
export interface Proof {
  readonly state: "good" | "bad" | "none" | "left out";
  readonly how: How | "none";
  /** Why there is none, or not of everything; and what would help. */
  readonly reason: string | undefined;
  readonly hint: string | undefined;
  readonly notes: readonly string[];
  readonly rows: readonly ProofRow[];
}

const NO_ROWS = { reason: undefined, hint: undefined, notes: [], rows: [] } as const;

export const LEFT_OUT: Proof = { ...NO_ROWS, state: "left out", how: "none", reason: "left out by --quick" };

export async function prove(scope: Scope, facts: HostFacts): Promise<Proof> {
  const setting = scope.kind === "unit" ? powerlessBy(unitOf(scope.unit, facts), facts) : undefined;
  if (setting !== undefined) return { ...LEFT_OUT, reason: `its programs can take no privileged port (${setting})` };
  return await withWays(scope, (ways) => proveBy(ways, scope, facts));
}

/** Of a service as its drop-in says, of a process as it is. */
function asksHighPorts(scope: Scope, facts: HostFacts): boolean {
  if (scope.kind === "host") return false;
  if (scope.kind === "unit") return unitOf(scope.unit, facts)?.highPorts === true;
  const { objects } = scope.process;
  const files = isUnseen(objects) ? [] : objects.flatMap((key) => facts.objects[key]?.elf ?? []);
  return files.some((elf) => !isUnseen(elf) && parseMarker(elf.marker)?.table === "none");
}

function unitOf(name: string, { units }: HostFacts): UnitFacts | undefined {
  return isUnseen(units) ? undefined : units.find(({ names }) => names.includes(name));
}

async function proveBy(ways: readonly Way[] | NoWay, scope: Scope, facts: HostFacts): Promise<Proof> {
  if ("reason" in ways) return noProof(ways.reason, undefined);
  const isHigh = asksHighPorts(scope, facts);
  const wanted = abisIn(scope, facts);
  const abis = abisOf("/").filter(({ name }) => wanted?.has(name) ?? true);
  const played: Played[] = [];
  const lacking = abis.flatMap(({ name, probe }) =>
    probe === undefined ? [`this package has no probe for ${name} programs`] : [],
  );
  let open = ways;
  for (const abi of abis.filter(({ probe }) => probe !== undefined)) {
    const found = await firstThatWorks(open, abi, isHigh);
    if ("reason" in found) lacking.push(abis.length === 1 ? found.reason : `${abi.name}: ${found.reason}`);
    else {
      open = [found.way];
      played.push(found);
    }
  }
  const [first] = played;
  if (first === undefined) {
    return noProof(
      lacking[0] ?? "there is no program of a kind that this package has a probe for",
      await cureFor(ways),
    );
  }
  const ports = portsIn(facts);
  const asOthers = scope.kind === "host" && process.geteuid?.() === 0 ? await othersRuns(played) : NO_OTHERS;
  const rows = [
    ...played.flatMap(({ abi, runs }) => rowsOf(abi, runs, { ports, isHigh }, lacking)),
    ...asOthers.played.flatMap(({ abi, runs }) => othersRows(abi, runs, ports)),
  ];
  const { leftOut = [] } = first.way;
  if (leftOut.length > 0) lacking.push(`made without ${enumerate(leftOut.map((name) => `${name}=`))} of the unit`);
  const bad = rows.some(({ good }) => !good);
  return {
    state: bad ? "bad" : lacking.length > 0 || rows.length === 0 ? "none" : "good",
    how: first.way.how,
    reason: lacking.length === 0 ? undefined : lacking.join("; "),
    hint: undefined,
    notes: [...first.way.notes, ...asOthers.notes],
    rows,
  };
}

function noProof(reason: string, hint: string | undefined): Proof {
  return { ...NO_ROWS, state: "none", how: "none", reason, hint };
}

/** What keeps namespaces from being made is known; what keeps a unit from being played is in the reason. */
async function cureFor(ways: readonly Way[]): Promise<string | undefined> {
  if (ways.some(({ how }) => how === "systemd-run")) return undefined;
  const support = await sandboxSupport();
  return support.works ? undefined : support.hint;
}

interface Played {
  readonly abi: HostAbi;
  readonly way: Way;
  readonly runs: (PlayResult & { outcome: "played" })["runs"];
}

/** What is asked as another user: the list and the shim are the same, so that one function has to do. */
const OTHERS_RUNS = PROOF_RUNS.filter(({ symbol, family }) => symbol === "bindresvport" && family === "inet");
/** The kernel's number for users that it does not know. */
const NOBODY = 65534;
const NO_OTHERS = { played: [], notes: [] } as const;

/**
 * Services that run as ordinary users with the right to privileged ports read the list as such. Never with that right in
 * a network of the host's (SECURITY.md): in the network of the proof nobody needs it.
 */
async function othersRuns(
  played: readonly Played[],
): Promise<{ readonly played: readonly Pick<Played, "abi" | "runs">[]; readonly notes: readonly string[] }> {
  const found: Pick<Played, "abi" | "runs">[] = [];
  const texts = [WHICH, ...OTHERS_RUNS.map((run) => probeArguments(run, false))];
  for (const { abi } of played) {
    const result = await playProbe(asUser(NOBODY, NOBODY, {}), abi.probe ?? "", texts);
    if (result.outcome === "impossible") return { played: found, notes: [`not as an ordinary user: ${result.reason}`] };
    found.push({ abi, runs: result.runs });
  }
  return { played: found, notes: [] };
}

/** Those that are bad: what is good has been shown by root already. */
function othersRows(abi: HostAbi, runs: Played["runs"], ports: ProofPorts): readonly ProofRow[] {
  const rows = rowsOf(abi, runs, { ports, isHigh: false }, [], OTHERS_RUNS).filter(({ good }) => !good);
  return rows.map((row) => ({ ...row, faults: row.faults.map((fault) => `${fault}${AS_USER}`) }));
}

async function firstThatWorks(
  ways: readonly Way[],
  abi: HostAbi,
  isHigh: boolean,
): Promise<Played | { readonly reason: string }> {
  const texts = [WHICH, ...PROOF_RUNS.map((run) => probeArguments(run, isHigh))];
  let reason: string | undefined;
  for (const way of ways) {
    const result = await playProbe(way.start, abi.probe ?? "", texts);
    if (result.outcome === "played") return { abi, way: withReason(way, ways[0], reason), runs: result.runs };
    reason ??= result.reason;
  }
  return { reason: reason ?? "there is no way to make one" };
}

/** That a better way did not work must not go unsaid. */
function withReason(way: Way, best: Way | undefined, reason: string | undefined): Way {
  if (reason === undefined || best === undefined) return way;
  return { ...way, notes: [...way.notes, `not ${best.how === way.how ? "by root" : `by ${best.how}`}: ${reason}`] };
}

function rowsOf(
  abi: HostAbi,
  [which, ...answers]: Played["runs"],
  wanted: Pick<ProofContext, "ports" | "isHigh">,
  lacking: string[],
  asked: readonly ProofRun[] = PROOF_RUNS,
): readonly ProofRow[] {
  const providers = which === undefined ? undefined : providersIn(which);
  if (providers === undefined) {
    lacking.push(`${abi.name} programs do not run there: the probe ended with status ${which?.status}`);
    return [];
  }
  const shim = abi.lib === undefined ? undefined : (wanted.isHigh ? highFile : shimFile)(abi.lib);
  const played = asked.flatMap((run, at) => {
    const answer = answers[at];
    return answer === undefined ? [] : [{ run, answer }];
  });
  return judgeRuns({ abi: abi.name, shim, providers, ...wanted }, played);
}

/** What the configuration asks for is reserved, whether the table has it or not. */
function portsIn({ setup: { table }, reservations = [] }: HostFacts): ProofPorts {
  const asked = (protocol: "tcp" | "udp"): readonly number[] =>
    reservations.filter((row) => row.protocol === protocol).map(({ port }) => port);
  return {
    inTable: { tcp: table.tcp, udp: table.udp },
    reserved: { tcp: [...table.tcp, ...asked("tcp")], udp: [...table.udp, ...asked("udp")] },
  };
}
