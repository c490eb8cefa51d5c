// One look at the running host: every fact that coverage is judged by.

import { isUnseen } from "../core/seen.ts";
import type { HostFacts } from "../coverage/facts.ts";
import { observeHolder } from "./holder/read-holder-facts.ts";
import { observeKernel } from "./kernel/read-kernel.ts";
import { beginProcesses, observeProcesses } from "./processes/read-processes.ts";
import { seesEveryProcess } from "./processes/read-visibility.ts";
import { observePrograms } from "./programs/read-programs.ts";
import { trustedQuestions } from "./programs/read-programs-on-disk.ts";
import type { Memory } from "./read-memory.ts";
import { observeSetup } from "./read-setup.ts";
import type { Sources } from "./read-sources.ts";
import { beginSockets } from "./sockets/read-sockets.ts";
import { observeUnits } from "./units/read-units.ts";

/**
 * Never throws for what cannot be seen: that is in the facts. `sources`: undefined where the configuration cannot be read.
 * `onProgress`: called after each process.
 */
export function observeHost(
  root: string,
  sources: Sources | undefined,
  onProgress: (done: number, total: number) => void,
  memory: Memory,
): HostFacts {
  const own = beginProcesses();
  const units = observeUnits(memory.units);
  const { processes, objects, hidden } = observeProcesses({ onProgress, cache: memory.objects, own });
  // Before the sockets: what is let go meanwhile is then not called held.
  const holder = observeHolder();
  const finishSockets = beginSockets([trustedQuestions()]);
  const running = new Map<string, HostFacts["processes"][number]["program"][]>();
  for (const { unit, program } of processes) {
    if (unit !== undefined) running.set(unit, [...(running.get(unit) ?? []), program]);
  }
  const setup = observeSetup(root, sources, undefined, memory.answerOf);
  const programs = observePrograms(isUnseen(units) ? [] : units, running, memory.objects);
  const { sockets, source } = finishSockets();
  const facts = {
    time: Date.now(),
    asRoot: process.geteuid?.() === 0,
    setup,
    reservations: sources?.configuration.reservations,
    processes,
    hidden,
    objects,
    sockets,
    ...(source === "none" ? { socketsUnseen: { unseen: "the kernel does not list them", rootWould: false } } : {}),
    units,
    programs,
    kernel: observeKernel(seesEveryProcess()),
    holder,
  };
  memory.keep();
  return facts;
}
