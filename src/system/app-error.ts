// Failures that an administrator can act upon; every other exception is a bug.

/** `incomplete`: input or output failed. `privilege`: root could do it. `unsafe`: refused. `usage`: the request is wrong. */
export type Failure = "incomplete" | "privilege" | "unsafe" | "usage";

export class AppError extends Error {
  readonly code: Failure;
  /** What to do about it. */
  readonly hint: string | undefined;

  constructor(code: Failure, message: string, hint?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "AppError";
    this.code = code;
    this.hint = hint;
  }
}

/** The errno name of a failed system call (Node's or the addon's), or undefined for any other value. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" && /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
}

/** What `look` gives, or undefined where a system call of it fails. */
export function orUndefined<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Why a system call failed, in the words of libc: "no space left on device". */
export function reasonOf(error: unknown): string {
  const errno = errnoOf(error);
  const message = error instanceof Error ? error.message : String(error);
  return errno === undefined ? message : (/^E[A-Z0-9]+: ([^,]*)/.exec(message)?.[1] ?? errno).toLowerCase();
}

const NO_PRIVILEGE: readonly (string | undefined)[] = ["EACCES", "EPERM"];

/**
 * The AppError for a failed system call: `${doing}: ${reason}`, then what stays true. `near` is a path, as the host
 * names it, of the file system at fault. Values that are no system error come back as they are, so that a bug stays a bug.
 */
export function fromSystem(error: unknown, doing: string, staysTrue?: string, near = "/etc"): unknown {
  const errno = errnoOf(error);
  if (errno === undefined || error instanceof AppError) return error;
  const refused = NO_PRIVILEGE.includes(errno);
  const root = process.geteuid?.() === 0;
  const message = [`${doing}: ${reasonOf(error)}`, staysTrue].filter((part) => part !== undefined).join("; ");
  if (refused && !root) return new AppError("privilege", message, "run it with sudo", error);
  return new AppError("incomplete", message, refused ? IMMUTABLE : HINTS[errno]?.replace("NEAR", near), error);
}

const IMMUTABLE = "even root was refused: see 'lsattr -d' for an immutable file or folder, and the audit log";

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: "free some space with 'df' and 'du', then run it again",
  EDQUOT: "free some space, then run it again",
  EROFS: "the file system is mounted read-only: see 'findmnt -T NEAR', remount it, then run it again",
  EIO: "the disk reports errors: see 'dmesg'",
  EBUSY: "something is mounted on the file: see 'findmnt'",
  EXDEV: "something is mounted on the file: see 'findmnt'",
};
