// What becomes of services that a mechanism gives other ports, or no more: restarted with --now if they run, or named.
import { enumerate } from "../../core/text.ts";
import { portsInUse } from "../../observe/mechanisms/read-fixed.ts";
import type { Message } from "../../report/types.ts";
import { systemdRuns, tryRestart, unitIsActive } from "../../system/host/systemd.ts";
import { lookUntil } from "../look-until.ts";
import type { FixedService, Standing } from "./mechanism.ts";

export interface RestartInput {
  readonly root: string;
  readonly action: "apply" | "remove";
  readonly now: boolean;
  /** Of apply as they are now, of remove as they were before. */
  readonly standings: readonly Pick<Standing, "services">[];
}

/** A message for each that runs with other ports than it would be started with. An error where one did not come back. */
export async function serviceMessages({ root, action, now, standings }: RestartInput): Promise<readonly Message[]> {
  const services = standings.flatMap((standing) => standing.services ?? []);
  if (services.length === 0 || root !== "/") return [];
  if (!systemdRuns(root)) return [noSystemd(services)];
  // One after the other: a restart may bring another one with it, which then has its ports.
  const messages: Message[] = [];
  for (const service of services) {
    if (isAsWanted(service, action) || !unitIsActive(service.unit)) continue;
    messages.push(now ? await restarted(service, action) : waiting(service, action));
  }
  return messages;
}

function isAsWanted({ ports }: FixedService, action: "apply" | "remove"): boolean {
  const used = portsInUse();
  return action === "apply" ? ports.every((port) => used.has(port)) : !ports.some((port) => used.has(port));
}

function waiting({ unit, ports }: FixedService, action: "apply" | "remove"): Message {
  const until = action === "apply" ? `does not have ${portsText(ports)}` : `keeps ${portsText(ports)}`;
  return {
    severity: "note",
    message: `'${unit}' ${until} until it is restarted`,
    hint: `run 'sudo systemctl restart ${unit}', or this again with --now`,
  };
}

async function restarted(service: FixedService, action: "apply" | "remove"): Promise<Message> {
  const { unit, ports } = service;
  const done = tryRestart(unit);
  if (done.outcome !== "done") {
    const hint = `see 'systemctl status ${unit}'; 'sudo portreservectl mechanisms remove fixed --now' takes all of it back`;
    return { severity: "error", message: `'${unit}' was not restarted: ${done.reason}`, hint };
  }
  if (action === "remove") return { severity: "note", message: `'${unit}' was restarted` };
  if (await lookUntil(START_LIMIT, () => isAsWanted(service, action), Boolean)) {
    return { severity: "note", message: `'${unit}' was restarted, and has ${portsText(ports)}` };
  }
  return {
    severity: "warning",
    message: `'${unit}' was restarted, and nobody has ${portsText(ports)} yet`,
    hint:
      unit === "nfs-server.service"
        ? "the kernel's lockd keeps its old port until the last mount and export of NFS version 3 is gone, or a reboot"
        : `see 'systemctl status ${unit}' and 'ss -tulnp'`,
  };
}

/** Milliseconds that a daemon may take from its start to its sockets. */
const START_LIMIT = 3000;

function portsText(ports: readonly number[]): string {
  return `${ports.length === 1 ? "port" : "ports"} ${enumerate(ports.map(String))}`;
}

function noSystemd(services: readonly FixedService[]): Message {
  const units = enumerate(services.map(({ unit }) => `'${unit}'`));
  return { severity: "note", message: `systemd does not run here: ${units} read their ports when they start` };
}
