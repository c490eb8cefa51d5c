// One process as `processStart` of core judges it, held so that its number cannot come to mean another process meanwhile.
import { closeSync, constants, openSync, readlinkSync } from "node:fs";
import { orUndefined } from "../../system/app-error.ts";
import { identityOf, isRefused, ownDescriptor, processFolder, readBytes } from "../../system/proc/process-files.ts";
import type { NamespaceKind, ProcessTexts, TargetTexts } from "./proof-process.ts";

/** A process that is held until `release`. */
export interface HeldProcess {
  readonly texts: TargetTexts;
  /** Descriptors of its root and of its mount namespace; undefined where they may not be opened. */
  readonly root: number | undefined;
  readonly mounts: number | undefined;
  readonly release: () => void;
}

/** Never throws for a process that has ended, or that changed while it was looked at: it has no texts then. */
export function holdTarget(pid: number): HeldProcess {
  const opened: number[] = [];
  const open = (name: string, flags: number): number | undefined => {
    const descriptor = orUndefined(() => openSync(name, flags));
    if (descriptor !== undefined) opened.push(descriptor);
    return descriptor;
  };
  const release = (): void => {
    for (const descriptor of opened.splice(0)) closeSync(descriptor);
  };
  // What is read through an open folder of /proc is of that very process, or fails.
  const folder = open(processFolder(pid), FOLDER);
  const place = folder === undefined ? undefined : ownDescriptor(folder);
  const before = place === undefined ? undefined : textIn(place, "status");
  if (place === undefined || before === undefined) {
    return { texts: NO_TEXTS, root: undefined, mounts: undefined, release };
  }
  const root = open(`${place}/root`, FOLDER);
  const mounts = open(`${place}/ns/mnt`, constants.O_RDONLY);
  const texts: TargetTexts = {
    environ: textIn(place, "environ"),
    auxv: bytesIn(place, "auxv"),
    isHere: root !== undefined && mounts !== undefined && isOwn(root, mounts),
    // Comes last: whatever changed before shows in it.
    ...textsOf(place),
  };
  // Another program, or another user, since the first look: what was read in between may be of either.
  const isSame = texts.status !== undefined && identity(texts.status) === identity(before);
  return { texts: isSame ? texts : NO_TEXTS, root, mounts, release };
}

/** This process, to be compared with. */
export function ownTexts(): ProcessTexts {
  return textsOf(processFolder("self"));
}

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY;

const NO_TEXTS: TargetTexts = {
  status: undefined,
  label: undefined,
  namespaces: { user: undefined, pid: undefined, ipc: undefined },
  environ: undefined,
  auxv: undefined,
  isHere: false,
};

function textsOf(place: string): ProcessTexts {
  const link = (kind: NamespaceKind): string | undefined => orUndefined(() => readlinkSync(`${place}/ns/${kind}`));
  const namespaces = { user: link("user"), pid: link("pid"), ipc: link("ipc") };
  const label = textIn(place, "attr/current");
  return { label, namespaces, status: textIn(place, "status") };
}

function textIn(place: string, name: string): string | undefined {
  return bytesIn(place, name)?.toString("latin1");
}

function bytesIn(place: string, name: string): Buffer | undefined {
  const bytes = readBytes(`${place}/${name}`);
  return isRefused(bytes) ? undefined : Buffer.from(bytes);
}

function isOwn(root: number, mounts: number): boolean {
  const same = (descriptor: number, name: string): boolean => {
    const [found, own] = [identityOf(ownDescriptor(descriptor)), identityOf(`${processFolder("self")}/${name}`)];
    return !isRefused(found) && found === own;
  };
  return same(root, "root") && same(mounts, "ns/mnt");
}

/** What a change of program or of user changes. */
function identity(status: string): string {
  return status
    .split("\n")
    .filter((line) => /^(Name|Tgid|Uid|Gid|CapPrm|CapEff|CapBnd|NoNewPrivs|Seccomp):/.test(line))
    .join("\n");
}
