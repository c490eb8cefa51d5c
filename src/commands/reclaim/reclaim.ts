// reclaim: a reserved port that somebody else has is its owner's again, and nobody has to be restarted for it but the owner.
import type { PortPlace } from "../../core/hold/port-lines.ts";
import { newMemory } from "../../observe/read-memory.ts";
import type { Block, Message, Outcome, Report } from "../../report/types.ts";
import { assessHost, refuseOtherRoot } from "../coverage/look.ts";
import { needRoot } from "../need-root.ts";
import type { Command, Context } from "../types.ts";
import { underLock } from "../under-lock.ts";
import { reclaimPort } from "./carry-out.ts";
import { gather } from "./gather.ts";
import { ownerHas, type Restarted, restartOwners, type Wanted, waitForServers } from "./owners.ts";
import { planFor } from "./plan.ts";
import { familiesOf, forOwner, type Reclaimed, withoutOwner } from "./reclaimed.ts";
import { portsAskedFor } from "./targets.ts";
import { blockOf, doneLines, holdMessages, reclaimJson, refusalMessage, startMessages } from "./words.ts";

export const reclaim: Command = async (context): Promise<Report> => {
  const { options } = context;
  refuseOtherRoot("reclaim", options);
  if (options.dryRun) return reportOf(context, planned(context), undefined);
  needRoot(context, "it changes sockets of others");
  let ports: readonly Reclaimed[] = [];
  const report = await underLock(context, async () => {
    ports = planned(context);
    context.show(blockOf(ports));
    ports = await inTurn(ports, act);
    return reportOf(context, ports, undefined);
  });
  const restarted = options.restartOwner ? forOwner(ports) : [];
  if (restarted.length === 0) return report;
  // Whatever an owner starts may need the lock.
  const restart = restartOwners(restarted.map(({ found }) => found));
  if (restart.units.length === 0) return reportOf(context, ports, restart);
  const wanted = (one: Reclaimed): Wanted => ({ ...one.found, families: familiesOf(one) });
  await waitForServers(restarted.map(wanted));
  const { coverage } = assessHost(context, newMemory());
  const judged = ports.map((one) =>
    restarted.includes(one) ? { ...one, ownerHas: ownerHas(coverage, wanted(one)) } : one,
  );
  return reportOf(context, judged, restart);
};

function planned(context: Context): readonly Reclaimed[] {
  const { facts, coverage } = assessHost(context, newMemory());
  const isReserved = (place: PortPlace): boolean =>
    coverage.ports.some(
      ({ port, protocol, reserved }) => reserved && port === place.port && protocol === place.protocol,
    );
  const places = portsAskedFor(context.args, context.options, isReserved);
  return gather(places, facts, coverage).map((found): Reclaimed => {
    const plan = planFor(found);
    const has = plan.kind === "nothing" && plan.because === "owner" ? "yes" : undefined;
    return { found, plan, done: undefined, ownerHas: has };
  });
}

async function act(one: Reclaimed): Promise<Reclaimed> {
  return one.plan.kind === "act" ? { ...one, done: await reclaimPort(one.found, one.plan) } : one;
}

/** One after the other: each may wait for the holder. */
async function inTurn<T>(all: readonly T[], work: (one: T) => Promise<T>): Promise<readonly T[]> {
  const results: T[] = [];
  for (const one of all) results.push(await work(one));
  return results;
}

function outcomeOf(ports: readonly Reclaimed[], restart: Restarted | undefined): Outcome {
  const failed = ports.some(({ plan, done }) => plan.kind === "cannot" || done?.failure !== undefined);
  return failed || withoutOwner(ports).length > 0 || restart?.messages.length ? "no" : "done";
}

function reportOf(context: Context, ports: readonly Reclaimed[], restart: Restarted | undefined): Report {
  const { options } = context;
  const messages: readonly Message[] = [
    ...ports.flatMap(({ found, plan }) => (plan.kind === "cannot" ? [refusalMessage(found, plan)] : [])),
    ...ports.flatMap(({ done }) => (done?.failure === undefined ? [] : [done.failure])),
    ...ports.flatMap(holdMessages),
    ...(restart?.messages ?? []),
    ...startMessages(ports, options),
  ];
  const body: readonly Block[] = options.dryRun
    ? [blockOf(ports), { kind: "lines", lines: ["nothing was changed"] }]
    : [{ kind: "lines", lines: doneLines(ports, restart) }];
  return {
    command: "reclaim",
    outcome: outcomeOf(ports, restart),
    diagnostics: [],
    messages,
    body,
    data: {
      dryRun: options.dryRun,
      ports: ports.map((one) => reclaimJson(one, options.dryRun)),
      restarted: restart === undefined ? [] : [...restart.units],
    },
  };
}
