// What runs since before the shim was there, and hands out ports without it: named after install, or restarted by --restart.
import { unique } from "../../core/text.ts";
import { unitWord } from "../../coverage/commands.ts";
import type { Allocator } from "../../coverage/coverage.ts";
import { newMemory } from "../../observe/read-memory.ts";
import type { Json, Line, Message } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { assessHost } from "../coverage/look.ts";
import { arrow, fewOf } from "../coverage/words.ts";
import { restartUnit } from "../restart-unit.ts";
import type { Context } from "../types.ts";

export interface Restarts {
  /** Services of processes that are not covered before they are restarted. */
  readonly units: readonly string[];
  /** What is no service's, with what helps. */
  readonly others: readonly Pick<Allocator, "name" | "pid" | "hint">[];
  readonly restarted: readonly string[];
  readonly messages: readonly Message[];
}

const MOST_NAMED = 8;

/** Undefined where the host cannot be looked at: the installation is as good as without. */
export function restartsAfterInstall(context: Context): Restarts | undefined {
  const before = lookForOld(context);
  if (before === undefined || !context.options.restart || before.units.length === 0) return before;
  const messages: Message[] = [];
  const restarted = before.units.filter((unit) => {
    context.progress({ severity: "note", message: `restarting '${unit}'` });
    const fault = restartUnit(unit);
    if (fault !== undefined) messages.push(fault);
    return fault === undefined;
  });
  return { ...(lookForOld(context) ?? before), restarted, messages };
}

/** A service that has several such processes is named once. */
function lookForOld(context: Context): Restarts | undefined {
  try {
    // What this look finds out is for now: nothing is left behind by an install but what it has written.
    const { coverage } = assessHost(context, { ...newMemory(), keep: () => {} });
    const old = coverage.allocators.filter(isOld);
    const mine = (one: Allocator): string | undefined => (isServices(one) ? one.unit : undefined);
    return {
      units: unique(old.flatMap((one) => mine(one) ?? [])),
      others: old.filter((one) => mine(one) === undefined).map(({ name, pid, hint }) => ({ name, pid, hint })),
      restarted: [],
      messages: [],
    };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return undefined;
  }
}

const RESTART = /^(sudo )?(systemctl (restart|daemon-reexec)\b|restart process \d+$|reboot$|log out and in again$)/;

/** Only what a restart would cover. */
function isOld({ kind, verdict, hint }: Allocator): boolean {
  return kind === "process" && verdict !== "covered" && hint !== undefined && RESTART.test(hint);
}

function isServices({ hint = "", unit }: Allocator): boolean {
  return unit !== undefined && /^(sudo )?systemctl restart /.test(hint);
}

export function restartLines(found: Restarts | undefined): readonly Line[] {
  if (found === undefined) return ["programs that are running already are covered once they are restarted"];
  const { units, others, restarted } = found;
  const words = units.map((unit) => unitWord(unit) ?? unit);
  return [
    ...restarted.map((unit): Line => [`restarted: '${unit}'`]),
    ...(units.length + others.length > 0
      ? []
      : ["nothing that runs has to be restarted: no program hands out ports without the shim"]),
    ...(units.length === 0
      ? []
      : [
          [
            { text: "not covered before a restart", tone: "warn" } as const,
            `: ${fewOf(units, MOST_NAMED)}`,
            arrow(`systemctl restart ${words.join(" ")}`),
          ],
        ]),
    ...others.map(
      ({ name, pid, hint }): Line => [
        { text: "not covered before a restart", tone: "warn" },
        `: ${name}${pid === undefined ? "" : ` (${pid})`}`,
        arrow(hint),
      ],
    ),
    "'portreservectl verify' proves that everything is covered",
  ];
}

export function restartsJson(found: Restarts | undefined): Json {
  if (found === undefined) return null;
  const { units, others, restarted } = found;
  return {
    units: [...units],
    others: others.map(({ name, pid, hint }) => ({ name, pid: pid ?? null, hint: hint ?? null })),
    restarted: [...restarted],
  };
}
