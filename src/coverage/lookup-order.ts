// Who is asked first for an allocator, where libraries beside the shim and libc define some.
import { isUnseen } from "../core/seen.ts";
import { definesReplaced } from "./allocating.ts";
import { replacedAmong } from "./allocators.ts";
import { type Decision, notCovered, unknown, unseen } from "./checks.ts";
import { restartHint, serviceWord, unitHint } from "./commands.ts";
import type { ListEntryFacts, ProcessFacts } from "./facts.ts";
import { type Host, listNamesShim } from "./host.ts";
import { shownFileName } from "./names.ts";
import { elfAt, nameAt } from "./preloaded.ts";
import type { Running, Startable } from "./running.ts";

/** Of a process that has the shim. */
export function standsFirst({ process, image }: Running, host: Host): Decision | undefined {
  const { lookup } = process;
  if (lookup === undefined || image.shims.length === 0) return undefined;
  if (isUnseen(lookup)) return unseen("which library is asked first for its functions", lookup);
  const shims = new Set(image.shims.map(({ key }) => key));
  const at = lookup.findIndex((key) => shims.has(key));
  if (at < 0) return unknown("the shim is mapped, and its loader does not know it", restartHint(process));
  const first = lookup.slice(0, at).find((key) => definesReplaced(elfAt(key, host)));
  if (first === undefined) {
    const part = image.parts.find(({ isPreloaded, elf }) => isPreloaded === true && !isUnseen(elf) && elf.mayCallOwn);
    return part && unknown(mayCall(shownFileName(part.path)), TAKE_OUT);
  }
  const entry = entries(host).find(({ beforeShim, files }) => beforeShim && files.some(({ key }) => key === first));
  return notCovered(
    `its '${nameAt(first, host)}' stands before the shim, and has a ${replacedAmong(elfAt(first, host)?.defines ?? [])} of its own`,
    entry === undefined ? coverFirst(process, host) : `${move(entry)}, then ${restartHint(process)}`,
  );
}

/** LD_PRELOAD comes before the list, and a drop-in puts the shim first in it. */
function coverFirst({ unit }: ProcessFacts, host: Host): string {
  const word = serviceWord(unit);
  return word === undefined
    ? "start it with the shim first in LD_PRELOAD, as 'portreservectl run' does"
    : `${unitHint(unit, host.unit(unit)?.highPorts)} --now`;
}

/**
 * Of a program that would be started by the list. A drop-in that has effect puts the shim before all of the list; whether
 * libraries of the list call their own functions does not depend on it.
 */
export function wouldStandFirst({ image, unit, program }: Startable, host: Host): Decision | undefined {
  if (!listNamesShim(host.facts) && unit?.hasDropIn !== true) return undefined;
  const isBefore = !program.privileged && unit?.hasDropIn === true && unit.dropInObstacle === undefined;
  let open: Decision | undefined;
  for (const entry of entries(host)) {
    const elf = entry.files.find(({ abi }) => abi === image.program?.abi)?.elf;
    if (elf === undefined || typeof elf === "string") continue;
    const name = shownFileName(entry.name);
    if (isUnseen(elf)) open ??= unseen(`what '${name}' of the preload list defines`, elf);
    else if (isBefore || !entry.beforeShim)
      open ??= elf.mayCallOwn === true ? unknown(mayCall(name), TAKE_OUT) : undefined;
    else if (definesReplaced(elf)) {
      const own = replacedAmong(elf.defines);
      return notCovered(
        `'${name}' stands before the shim in the preload list, and has a ${own} of its own`,
        move(entry),
      );
    }
  }
  return open;
}

const TAKE_OUT = "take it out of the preload list or LD_PRELOAD, or use a build without it";

function mayCall(name: string): string {
  return `its '${name}' has allocators of its own, which its other functions may call`;
}

function move({ name }: ListEntryFacts): string {
  return `move '${name}' below the shim's line in /etc/ld.so.preload`;
}

function entries({ facts }: Host): readonly ListEntryFacts[] {
  const { list } = facts.setup;
  return isUnseen(list) ? [] : (list.others ?? []);
}
