// portreserve-hold, which does the holding: telling it of a new file, and saying so where it does not run.
import type { HeldPort } from "../../core/hold/held-ports.ts";
import { isUnseen } from "../../core/seen.ts";
import { type HolderFound, isHolder, readHolder } from "../../observe/holder/read-holder.ts";
import { readKeptSockets } from "../../observe/holder/read-kept.ts";
import type { Line, Message } from "../../report/types.ts";
import { sendSignal } from "../../system/host/send-signal.ts";
import { systemdRuns } from "../../system/host/systemd.ts";
import { HOLDER_PROGRAM, HOLDER_UNIT } from "../../system/paths.ts";
import { holderUnit } from "../install/holder-unit.ts";
import { type HoldPlan, sameHeld } from "./plan.ts";

/** `not needed`: it knows already, or it does not run and there is nothing for it to do. `image`: none runs on one. */
export type Telling =
  | { readonly kind: "told"; readonly pid: number }
  | { readonly kind: "not needed" | "image" | "not running" }
  | { readonly kind: "failed"; readonly reason: string };

/**
 * Has the running holder read the file again where it holds anything else than `held`, which the file says now: since a
 * compile has changed it, or since an earlier one was killed before it could say so.
 */
export function tellHolder(root: string, plan: HoldPlan, held: readonly HeldPort[]): Telling {
  if (root !== "/") return { kind: "image" };
  if (plan.kind === "left") return { kind: "not needed" };
  const isNews = plan.kind === "write" || plan.kind === "remove";
  const notRunning = { kind: plan.kind === "write" ? "not running" : "not needed" } as const;
  const found = readHolder();
  if (found.kind === "unknown") return isNews ? { kind: "failed", reason: found.reason } : { kind: "not needed" };
  if (found.kind === "none") return notRunning;
  const { state } = found;
  if (!isNews && sameHeld(state.held, held)) return { kind: "not needed" };
  const said = sendSignal(state.pid, "SIGHUP", () => isHolder(state));
  switch (said.outcome) {
    case "told":
      return { kind: "told", pid: state.pid };
    case "gone":
      return notRunning;
    case "failed":
      return { kind: "failed", reason: said.reason };
    default:
      return said satisfies never;
  }
}

export function tellingLines(telling: Telling): readonly Line[] {
  return telling.kind === "told" ? [`told: ${HOLDER_PROGRAM}, process ${telling.pid}`] : [];
}

export function tellingMessages(telling: Telling): readonly Message[] {
  switch (telling.kind) {
    case "told":
    case "not needed":
    case "image":
      return [];
    case "not running":
      return [notRunning()];
    case "failed": {
      const message = `${HOLDER_PROGRAM} was not told of the change: ${telling.reason}`;
      const hint = systemdRuns("/")
        ? `run 'systemctl reload-or-restart ${HOLDER_UNIT}'`
        : "send it SIGHUP, or start it again";
      return [{ severity: "warning", message, hint }];
    }
    default:
      return telling satisfies never;
  }
}

/** For verbs that only show: whether anybody does what is asked for `held`. Nothing where that is nothing, and on an image. */
export function holderMessages(root: string, held: readonly unknown[]): readonly Message[] {
  if (root !== "/" || held.length === 0) return [];
  const found: HolderFound = readHolder();
  switch (found.kind) {
    case "running":
      return [];
    case "none":
      return [notRunning()];
    case "unknown":
      return [{ severity: "note", message: `whether ${HOLDER_PROGRAM} runs is not known: ${found.reason}` }];
    default:
      return found satisfies never;
  }
}

/** For verbs that show what is held and do not look at sockets: which of `held` the holder says that it cannot have. */
export function refusedMessages(root: string, held: readonly HeldPort[]): readonly Message[] {
  const found = root !== "/" || held.length === 0 ? undefined : readHolder();
  if (found?.kind !== "running") return [];
  const asked = new Set(held.map(({ port, protocol }) => `${port}/${protocol}`));
  const refused = found.state.held
    .filter(({ ipv4, ipv6 }) => ipv4 === "refused" || ipv6 === "refused")
    .map(({ port, protocol, error }) => ({ place: `${port}/${protocol}`, error: error ?? "no error" }))
    .filter(({ place }) => asked.has(place));
  if (refused.length === 0) return [];
  const words = refused.slice(0, MOST_REFUSED).map(({ place, error }) => `${place} (${error})`);
  const more = refused.length > words.length ? ` and ${refused.length - words.length} more` : "";
  const message = `${HOLDER_PROGRAM} is refused ${words.join(", ")}${more}, so nothing holds ${refused.length === 1 ? "it" : "them"}`;
  return [{ severity: "warning", message, hint: "'portreservectl status' tells by whom, and what helps" }];
}

const MOST_REFUSED = 8;

function notRunning(): Message {
  const kept = systemdRuns("/") ? readKeptSockets() : [];
  const what = !isUnseen(kept) && kept.length > 0 ? "and systemd keeps what it held" : "so nothing is held or blocked";
  const message = `${HOLDER_PROGRAM} is not running, ${what}`;
  return { severity: "warning", message, hint: startHint() };
}

function startHint(): string {
  if (!systemdRuns("/")) return `start '${HOLDER_PROGRAM}' as root, from where this host starts its daemons`;
  if (holderUnit("/").kind === "none") return "run 'sudo portreservectl install', which brings it";
  return `start it with 'systemctl enable --now ${HOLDER_UNIT}'`;
}
