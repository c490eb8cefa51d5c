// Takes the steps of a migration one after the other, up to the first that fails: what is done is right by itself.
import { isStillThere, type OldProcess } from "../../observe/old-daemon/read-old-daemon.ts";
import type { Message } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { renameLink } from "../../system/host/runlevel-links.ts";
import { sendSignal } from "../../system/host/send-signal.ts";
import { disable, mask, restart, type SystemctlResult, stopNow } from "../../system/host/systemd.ts";
import { lookUntil } from "../look-until.ts";
import type { Step } from "./plan.ts";

export interface StepsTaken {
  readonly done: readonly Step[];
  readonly failure: Message | undefined;
}

/** Never throws for what is refused. */
export async function takeSteps(steps: readonly Step[]): Promise<StepsTaken> {
  const done: Step[] = [];
  for (const step of steps) {
    const failure = await failureOf(step);
    if (failure !== undefined) return { done, failure };
    done.push(step);
  }
  return { done, failure: undefined };
}

async function failureOf(step: Step): Promise<Message | undefined> {
  switch (step.kind) {
    case "mask":
      return ordered(mask(step.unit), `'${step.unit}' was not masked`, step.unit);
    case "disable":
      return ordered(disable(step.unit), `'${step.unit}' was not disabled`, step.unit);
    case "stop":
      return ordered(stopNow([step.unit], "finish"), `'${step.unit}' was not stopped`, step.unit);
    case "run":
      return ordered(restart(step.unit), `'${step.unit}' has not run`, step.unit);
    case "end":
      return await end(step.process);
    case "rename":
      return renamed(step.from, step.to);
    default:
      return step satisfies never;
  }
}

function ordered(result: SystemctlResult, what: string, unit: string): Message | undefined {
  if (result.outcome === "done") return undefined;
  return { severity: "error", message: `${what}: ${result.reason}`, hint: `'systemctl status ${unit}' says more` };
}

function renamed(from: string, to: string): Message | undefined {
  try {
    renameLink(from, to);
    return undefined;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { message, hint } = error;
    return { severity: "error", message, ...(hint === undefined ? {} : { hint }) };
  }
}

/** Milliseconds. It has nothing to do before it ends. */
const END_TIME = 5000;

/** By SIGTERM, and by nothing stronger. */
async function end(process: OldProcess): Promise<Message | undefined> {
  const { pid } = process;
  const there = (): boolean => isStillThere(process);
  const said = sendSignal(pid, "SIGTERM", there);
  if (said.outcome === "failed") {
    const message = `process ${pid} of the old daemon got no SIGTERM: ${said.reason}`;
    return { severity: "error", message, hint: `end it with 'sudo kill ${pid}', then run this again` };
  }
  if (said.outcome === "gone" || (await lookUntil(END_TIME, () => !there(), Boolean))) return undefined;
  const message = `process ${pid} of the old daemon got SIGTERM, and has not ended in ${END_TIME / 1000} seconds`;
  return { severity: "error", message, hint: `end it with 'sudo kill -9 ${pid}', then run this again` };
}
