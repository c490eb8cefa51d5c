// The proof of held ports: a plain bind() of each, in the host's own network, has to be refused. It takes nothing: where one
// succeeds, the socket is closed at once.
import type { Protocol } from "../../core/config/types.ts";
import { AS_ROOT } from "../../coverage/as-root.ts";
import type { HostFacts } from "../../coverage/facts.ts";
import { holdsIn } from "../../coverage/holds.ts";
import { abisOf } from "../../system/host/abis.ts";
import { type Played, playProbe } from "./play-probe.ts";
import { errorOf, type Family } from "./proof.ts";
import { withVariables } from "./starts.ts";

export interface HeldBind {
  readonly port: number;
  readonly protocol: Protocol;
  readonly family: Family;
}

/** `error`: what the kernel said; undefined where the port could be bound. */
export interface HeldBindRow extends HeldBind {
  readonly error: string | undefined;
  readonly good: boolean;
}

/** `none`: not proved, or not of every port. */
export interface HoldProof {
  readonly state: "good" | "bad" | "none";
  readonly reason: string | undefined;
  readonly hint: string | undefined;
  readonly rows: readonly HeldBindRow[];
}

/** Undefined where nothing is held. */
export async function proveHolds(facts: HostFacts): Promise<HoldProof | undefined> {
  const binds = bindsOf(facts);
  if (binds.length === 0) return undefined;
  if (!facts.asRoot) return nothing("only root may try to bind them", AS_ROOT);
  const probe = abisOf("/").find((abi) => abi.probe !== undefined)?.probe;
  if (probe === undefined) return nothing("this package has no probe for the programs of this host");
  const answers: Played[] = [];
  for (let at = 0; at < binds.length; at += AT_ONCE) {
    const texts = binds.slice(at, at + AT_ONCE).map(probeText);
    const result = await playProbe({ around: WITH_ONE_RIGHT, probe: withVariables({}), more: [] }, probe, texts);
    if (result.outcome === "impossible") return nothing(result.reason);
    answers.push(...result.runs);
  }
  return judgeBinds(binds, answers);
}

/** Runs; all their texts are one argument of a program, which may have 128 KiB. */
const AT_ONCE = 1000;

/** No more than an allocator has. */
const WITH_ONE_RIGHT = ["setpriv", "--bounding-set=-all,+net_bind_service", "--inh-caps=-all", "--"] as const;

function nothing(reason: string, hint?: string): HoldProof {
  return { state: "none", reason, hint, rows: [] };
}

/** Of each port that is held or blocked now, in each family in which it is. */
export function bindsOf(facts: HostFacts): readonly HeldBind[] {
  const { holder } = facts;
  const told = holder?.kind === "running" ? holder.held : [];
  return holdsIn(facts)
    .filter(({ state }) => state === "held")
    .flatMap(({ port, protocol }) => {
      const slots = told.find((one) => one.port === port && one.protocol === protocol);
      const families: readonly (readonly [Family, string | undefined])[] = [
        ["inet", slots?.ipv4],
        ["inet6", slots?.ipv6],
      ];
      return families.flatMap(([family, slot]) => (slot === "absent" ? [] : [{ port, protocol, family }]));
    });
}

function probeText({ port, protocol, family }: HeldBind): string {
  return `--symbol bind --port ${port} --protocol ${protocol} --family ${family}`;
}

/** Pure. An answer that is neither a port nor EADDRINUSE proves nothing. */
export function judgeBinds(binds: readonly HeldBind[], answers: readonly Played[]): HoldProof {
  const rows = binds.flatMap((bind, at): HeldBindRow[] => {
    const answer = answers[at];
    if (answer === undefined) return [];
    const error = answer.status === 0 ? undefined : (errorOf(answer) ?? `status ${answer.status}`);
    return [{ ...bind, error, good: error === REFUSED }];
  });
  const open = rows.filter(({ error }) => error === undefined);
  const strange = rows.find(({ error, good }) => error !== undefined && !good);
  if (open.length > 0) return { state: "bad", reason: undefined, hint: undefined, rows };
  if (strange === undefined) return { state: "good", reason: undefined, hint: undefined, rows };
  const { port, protocol, error } = strange;
  return { state: "none", reason: `to bind ${port}/${protocol} gave ${error}`, hint: undefined, rows };
}

const REFUSED = "EADDRINUSE";
