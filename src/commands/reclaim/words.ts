// What reclaim says: first what it will do, then what it has done, and what is left to others.
import { enumerate, quote, unique } from "../../core/text.ts";
import type { Block, Json, Line, Message } from "../../report/types.ts";
import { portText } from "../coverage/words.ts";
import type { Options } from "../types.ts";
import type { Restarted } from "./owners.ts";
import { type FoundPort, planLines, type ReclaimPlan, userText } from "./plan.ts";
import { forOwner, type Reclaimed, withoutOwner } from "./reclaimed.ts";

/** What will be done. What cannot is a message. */
export function blockOf(ports: readonly Reclaimed[]): Block {
  return { kind: "lines", lines: ports.flatMap(planned) };
}

function planned({ found, plan }: Reclaimed): readonly Line[] {
  const { owners } = found;
  const whose = owners.length === 0 ? "" : `, reserved for ${enumerate(owners.map(quote))}`;
  const head = `${portText(found)}${whose}: `;
  switch (plan.kind) {
    case "nothing":
      return [`${head}nothing to do: ${plan.text}`];
    case "cannot":
      return [];
    case "act":
      return planLines(plan).map((line) => `${head}${line}`);
    default:
      return plan satisfies never;
  }
}

export function refusalMessage(found: FoundPort, { text, hint }: ReclaimPlan & { readonly kind: "cannot" }): Message {
  return {
    severity: "error",
    message: `${portText(found)} cannot be reclaimed: ${text}`,
    ...(hint === undefined ? {} : { hint }),
  };
}

/** Empty where the plan says it all. */
export function doneLines(ports: readonly Reclaimed[], restart: Restarted | undefined): readonly Line[] {
  const units = (restart?.units ?? []).map((unit) => `restarted: '${unit}'`);
  const owners = ports.flatMap(({ found, plan, ownerHas }): Line[] => {
    const told = plan.kind === "nothing" && plan.because === "owner";
    return ownerHas === "yes" && !told ? [{ text: `${portText(found)} is its owner's again`, tone: "good" }] : [];
  });
  return [...ports.flatMap(doneOf), ...units, ...owners];
}

function doneOf({ found, done }: Reclaimed): readonly Line[] {
  if (done === undefined) return [];
  const users = unique(done.shared.map(({ user }) => userText(user)));
  return [
    ...users.map((name) => `shared: ${portText(found)} by ${name}, whose connections go on`),
    ...done.ended.map(
      ({ address, peerAddress, peerPort }) =>
        `ended: ${endText(address, found.port)} to ${endText(peerAddress, peerPort)}, of the kernel`,
    ),
    ...(done.held ? [`held: ${portText(found)}, by portreserve-hold`] : []),
  ];
}

function endText(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Of ports that were reclaimed: what keeps them. */
export function holdMessages({ found, done }: Reclaimed): readonly Message[] {
  if (done === undefined || done.failure !== undefined || done.held === true) return [];
  const port = portText(found);
  if (done.held === null) {
    const hint = `a hold would keep it: 'sudo portreservectl hold ${port}'`;
    return [{ severity: "note", message: `${port} can be taken again while its owner is down`, hint }];
  }
  const why = found.holder.kind === "none" ? "is not running" : "does not have it";
  const message = `${port} is to be held, and portreserve-hold ${why}`;
  return [{ severity: "warning", message, hint: "'systemctl status portreserve-hold.service' says more" }];
}

/** What is left to do for the owner, or what has not helped. */
export function startMessages(ports: readonly Reclaimed[], { dryRun, restartOwner }: Options): readonly Message[] {
  const messages = withoutOwner(ports).map(lostMessage);
  if (dryRun || restartOwner) return messages;
  const free = forOwner(ports);
  if (free.length === 0) return messages;
  const units = unique(free.flatMap(({ found }) => found.ownerUnits));
  const hint = units.length === 0 ? "restart it" : `run 'systemctl restart ${units.join(" ")}'`;
  const message = `its owner can have ${enumerate(free.map(({ found }) => portText(found)))} now`;
  return [...messages, { severity: "note", message, hint }];
}

function lostMessage({ found, ownerHas }: Reclaimed): Message {
  const port = portText(found);
  const ended = found.sockets.some(({ state }) => state === "ended");
  const lacks = typeof ownerHas === "object" ? ownerHas.lacks : [];
  const families = lacks.map((family) => (family === "inet" ? "IPv4" : "IPv6"));
  const lost =
    families.length > 0
      ? `its owner has it, but not over ${enumerate(families)}, where others had it`
      : "its owner does not have it";
  const why = ended
    ? "for a minute at most a connection that ended keeps it"
    : "it may not ask for the port, or not set SO_REUSEADDR";
  const hint = ended ? "restart it in a minute" : `'portreservectl lookup ${port}' shows who has it`;
  return { severity: "error", message: `${port}: ${lost}: ${why}`, hint };
}

export function reclaimJson({ found, plan, done, ownerHas }: Reclaimed, dryRun: boolean): Json {
  const acts = plan.kind === "act";
  const result = acts ? (dryRun ? "planned" : done?.failure === undefined ? "reclaimed" : "failed") : plan.kind;
  return {
    port: found.port,
    protocol: found.protocol,
    owners: [...found.owners],
    units: [...found.ownerUnits],
    kind: found.kind,
    result,
    reason: acts ? (done?.failure?.message ?? null) : plan.text,
    share: acts ? plan.share.map(shareJson) : [],
    end: acts ? plan.end.map(({ address, state }) => ({ address, state })) : [],
    ended: (done?.ended ?? []).map(({ address, peerAddress, peerPort }) => ({ address, peerAddress, peerPort })),
    held: done?.held ?? null,
    ownerHasIt: ownerHas === undefined ? null : ownerHas === "yes",
  };
}

function shareJson({ user, address, state }: (ReclaimPlan & { readonly kind: "act" })["share"][number]): Json {
  return { pid: user.pid, name: user.name, unit: user.unit ?? null, address, state };
}
