// How a probe can be started as a certain process was, without giving that process's user more than he has.

/** What the kernel says of a process, as text; undefined where it cannot be read. */
export interface ProcessTexts {
  /** /proc/PID/status */
  readonly status: string | undefined;
  /** /proc/PID/environ, each byte one character. */
  readonly environ: string | undefined;
  /** Its user namespace, and that of whoever asks. */
  readonly userNamespace: string | undefined;
  readonly ownUserNamespace: string | undefined;
  /** /proc/self/status of whoever asks. */
  readonly ownStatus: string | undefined;
}

/**
 * `root`: by root, in the root and mounts of the process if `enter`. `user`: by its own user, in a user namespace.
 * `none`: with the reason.
 */
export type ProcessStart =
  | { readonly kind: "root"; readonly enter: boolean; readonly preload: string | undefined }
  | { readonly kind: "user"; readonly uid: number; readonly gid: number; readonly preload: string | undefined }
  | { readonly kind: "none"; readonly reason: string };

export interface ProcessPlace {
  /** Its root and its mounts are those of whoever asks. */
  readonly isHere: boolean;
  /** The loader did not take it for privileged, and heeded LD_PRELOAD. */
  readonly heedsEnvironment: boolean;
}

/**
 * What a process chooses itself (LD_PRELOAD, and what is in a root of its own) is run by root only where the process
 * could do all the same things by itself: as root, in the same user namespace, with as many capabilities.
 */
export function processStart(texts: ProcessTexts, { isHere, heedsEnvironment }: ProcessPlace): ProcessStart {
  const { status, environ, userNamespace, ownUserNamespace, ownStatus } = texts;
  if (status === undefined || environ === undefined || userNamespace === undefined || ownStatus === undefined) {
    return { kind: "none", reason: "the process cannot be looked into, or has ended" };
  }
  const uids = numbers(status, "Uid");
  const gid = numbers(status, "Gid")[1];
  const uid = uids[1];
  if (uid === undefined || gid === undefined) return { kind: "none", reason: "the process has ended" };
  const preload = heedsEnvironment ? preloadIn(environ) : undefined;
  const sameUsers = userNamespace === ownUserNamespace;
  const isRoot = sameUsers && uids.every((id) => id === 0);
  const asMany = bounding(status) !== undefined && bounding(status) === bounding(ownStatus);
  if (isRoot && (asMany || (isHere && preload === undefined))) return { kind: "root", enter: !isHere, preload };
  if (isHere && sameUsers) return { kind: "user", uid, gid, preload };
  const why = isRoot ? "fewer rights than root" : "another user than root";
  return {
    kind: "none",
    reason: `the process has ${isHere ? "users" : "a root or mounts"} of its own and ${why}: its files are not run by root`,
  };
}

function numbers(status: string, name: string): readonly number[] {
  const text = new RegExp(`^${name}:\\s*(\\d+(?:\\s+\\d+)*)`, "m").exec(status)?.[1];
  return text === undefined ? [] : text.split(/\s+/).map(Number);
}

function bounding(status: string): string | undefined {
  return /^CapBnd:\s*([0-9a-f]+)/m.exec(status)?.[1];
}

const PRELOAD = "LD_PRELOAD=";

function preloadIn(environ: string): string | undefined {
  const value = environ.split("\0").find((entry) => entry.startsWith(PRELOAD));
  return value?.slice(PRELOAD.length) || undefined;
}
