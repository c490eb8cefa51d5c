// How a probe can be started as a certain process was, with at most the rights that this process has.
import { secureOfAuxv } from "../../observe/processes/auxv.ts";

/** What the kernel says of a process, as text with one character for each byte; undefined where it cannot be read. */
export interface ProcessTexts {
  /** /proc/PID/status */
  readonly status: string | undefined;
  /** /proc/PID/attr/current; undefined too where no security module labels processes. */
  readonly label: string | undefined;
  /** Its namespaces: "user:[4026531837]". */
  readonly namespaces: Readonly<Record<NamespaceKind, string | undefined>>;
}

/** A process's own namespaces of these kinds decide what its programs can reach; its network is left out, since every proof has one of its own. */
const NAMESPACE_KINDS = ["user", "pid", "ipc"] as const;
export type NamespaceKind = (typeof NAMESPACE_KINDS)[number];

export interface TargetTexts extends ProcessTexts {
  /** /proc/PID/environ */
  readonly environ: string | undefined;
  /** /proc/PID/auxv, which says whether the loader took its program for privileged, and did not heed LD_PRELOAD. */
  readonly auxv: Buffer | undefined;
  /** Its root and its mounts are those of this process. */
  readonly isHere: boolean;
}

/**
 * `root`: by root, in the root and mounts of the process if `enter`. `user`: by its own user, in a user namespace.
 * `none`: with the reason.
 */
export type ProcessStart =
  | { readonly kind: "root"; readonly enter: boolean; readonly preload: string | undefined }
  | { readonly kind: "user"; readonly uid: number; readonly gid: number; readonly preload: string | undefined }
  | { readonly kind: "none"; readonly reason: string };

/**
 * A process chooses its LD_PRELOAD, and what is in a root of its own. Neither is used with more rights than the process
 * has: by root only for a process of root's that nothing confines, by another user only for one of that user's that
 * nothing confines. `changeable` names what of a preload, or of the root that the process has for its own, somebody else
 * than root could change; it is asked before root would use it.
 */
export function processStart(
  target: TargetTexts,
  own: ProcessTexts,
  changeable: (preload: string | undefined) => string | undefined,
): ProcessStart {
  const { status, environ, auxv, isHere, namespaces } = target;
  if (status === undefined || environ === undefined || namespaces.user === undefined) return none(GONE);
  const [uids, gids] = [numbers(status, "Uid"), numbers(status, "Gid")];
  const [uid, gid] = [uids[1], gids[1]];
  if (uid === undefined || gid === undefined) return none(GONE);
  if (namespaces.user !== own.namespaces.user) return none(`the process has users of its own: ${NOTHING_RUN}`);
  const secure = auxv === undefined ? undefined : secureOfAuxv(auxv);
  const preload = secure === true ? undefined : preloadIn(environ);
  // Nothing is used that it has chosen.
  if (isHere && preload === undefined) {
    return uid === 0 ? { kind: "root", enter: false, preload } : { kind: "user", uid, gid, preload };
  }
  if (preload !== undefined && secure !== false) return none("whether its loader heeded its LD_PRELOAD cannot be told");
  const isRoot = uids.every((id) => id === 0);
  const confined = confinement(target, own) ?? (isRoot ? missingCapabilities(status, own.status) : undefined);
  if (confined !== undefined) return none(`the process has ${confined}: ${NOTHING_RUN}`);
  if (isRoot) {
    const what = changeable(preload);
    if (what !== undefined) return none(`somebody else than root may change '${what}': ${NOTHING_RUN}`);
    return { kind: "root", enter: !isHere, preload };
  }
  if (!isHere) return none(`the process has a root or mounts of its own and is another user's: ${NOTHING_RUN}`);
  const isOne = uids.every((id) => id === uid) && gids.every((id) => id === gid);
  if (!isOne) return none(`the process has several users or groups: ${NOTHING_RUN}`);
  return { kind: "user", uid, gid, preload };
}

const GONE = "the process cannot be looked into, or has ended";
const NOTHING_RUN = "verify runs nothing that it has chosen";

function none(reason: string): ProcessStart {
  return { kind: "none", reason };
}

/** What keeps the programs of a process from something that its user's programs may do, as the end of "the process has …". */
function confinement({ status = "", label, namespaces }: ProcessTexts, own: ProcessTexts): string | undefined {
  // A Landlock domain shows nowhere, but takes either no_new_privs or a capability to enter.
  if (value(status, "NoNewPrivs") !== "0") return "no_new_privs set, and may be confined";
  // A kernel without filters says nothing of them.
  if ((value(status, "Seccomp") ?? "0") !== "0") return "a seccomp filter";
  if (label !== own.label) return "another security label than verify";
  const kind = NAMESPACE_KINDS.find((one) => namespaces[one] === undefined || namespaces[one] !== own.namespaces[one]);
  return kind === undefined ? undefined : `a namespace of its own (${kind})`;
}

/** Which capabilities root lacks that whoever asks has; bit by bit, since a process can be left with any of them. */
function missingCapabilities(status: string, own: string | undefined): string | undefined {
  for (const name of ["CapPrm", "CapEff", "CapBnd"]) {
    const [has, wanted] = [status, own ?? ""].map((text) => value(text, name));
    if (has === undefined || wanted === undefined) return "capabilities that cannot be seen";
    if ((BigInt(`0x${wanted}`) & ~BigInt(`0x${has}`)) !== 0n) return "fewer capabilities than root";
  }
  return undefined;
}

function numbers(status: string, name: string): readonly number[] {
  const text = new RegExp(`^${name}:\\s*(\\d+(?:\\s+\\d+){3})$`, "m").exec(status)?.[1];
  return text === undefined ? [] : text.split(/\s+/).map(Number);
}

function value(status: string, name: string): string | undefined {
  return new RegExp(`^${name}:\\s*([0-9a-f]+)$`, "m").exec(status)?.[1];
}

const PRELOAD = "LD_PRELOAD=";

/** The first one, which is the one that the loader takes; none where it is empty. */
function preloadIn(environ: string): string | undefined {
  const entry = environ.split("\0").find((one) => one.startsWith(PRELOAD));
  return entry?.slice(PRELOAD.length) || undefined;
}
