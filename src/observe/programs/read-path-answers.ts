// Whether a path of the host can be followed without waiting for a server that does not answer: a dead NFS or FUSE mount.
import { lstatSync, readlinkSync } from "node:fs";
import path from "node:path";
import type { Unseen } from "../../core/seen.ts";
import { orUndefined } from "../../system/app-error.ts";
import { processFolder } from "../../system/proc/process-files.ts";
import { fileSystemsIn } from "../processes/file-systems.ts";
import { type Answering, answering, whySilent } from "../processes/read-answering.ts";
import { readMounts } from "../processes/read-self.ts";

interface Known {
  readonly until: number;
  /** By mount point: what may keep its readers waiting, and whether it does. */
  readonly mounts: ReadonlyMap<string, () => Unseen | undefined>;
}

let known: Known | undefined;

/** In milliseconds: how long an answer is good. One look asks some hundred times, and each question may take a second. */
const GOOD_FOR = 5000;
const MOST_LINKS = 40;

/** Why `file` must not be looked at; undefined where it may. Links are followed, as far as they may be. */
export function whyPathSilent(file: string): Unseen | undefined {
  return silentOn(ownSlowMounts(), "", file);
}

/** Whether something is mounted at `folder`, above it or in it that may keep its readers waiting. It is a path without links. */
export function maySomethingWait(folder: string): boolean {
  const below = (inner: string, outer: string): boolean => `${inner}/`.startsWith(outer === "/" ? "/" : `${outer}/`);
  return [...ownSlowMounts().keys()].some((point) => below(point, folder) || below(folder, point));
}

function ownSlowMounts(): Known["mounts"] {
  if (known === undefined || known.until < Date.now()) {
    known = { until: Date.now() + GOOD_FOR, mounts: slowMounts(answering(), processFolder("self"), "") };
  }
  return known.mounts;
}

/** The same for what a process finds under that name in its own root. `folder`: /proc/PID. */
export function whyPathSilentUnder(asked: Answering, folder: string, file: string): Unseen | undefined {
  const root = `${folder}/root`;
  return silentOn(slowMounts(asked, folder, root), root, file);
}

function silentOn(mounts: Known["mounts"], root: string, file: string): Unseen | undefined {
  if (mounts.size === 0) return undefined;
  const pending = path.resolve("/", file).split("/").slice(1);
  let done = "";
  for (let links = 0; pending.length > 0 && links <= MOST_LINKS; ) {
    const place = `${done}/${pending.shift()}`;
    const silent = mounts.get(place)?.();
    if (silent !== undefined) return silent;
    const isLink = orUndefined(() => lstatSync(`${root}${place}`).isSymbolicLink());
    const target = isLink === true ? orUndefined(() => readlinkSync(`${root}${place}`)) : undefined;
    if (target === undefined) done = place;
    else {
      links += 1;
      pending.unshift(
        ...path
          .resolve(done === "" ? "/" : done, target)
          .split("/")
          .slice(1),
      );
      done = "";
    }
  }
  return undefined;
}

function slowMounts(asked: Answering, folder: string, root: string): Known["mounts"] {
  const mounts = new Map<string, () => Unseen | undefined>();
  for (const { device, isLocal, point } of fileSystemsIn(readMounts(folder) ?? Buffer.of())) {
    if (!isLocal) mounts.set(point, () => whySilent(asked, device, folder, `${root}${point}`));
  }
  return mounts;
}
