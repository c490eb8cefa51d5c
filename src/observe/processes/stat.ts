// /proc/PID/stat: the only text about a process that the process cannot bring out of order, if it is read from its end.

export interface ProcessStat {
  /** comm, as bytes: parentheses, newlines and all. */
  readonly name: Buffer;
  /** One letter: "R", "S", "Z"… */
  readonly state: string;
  readonly isKernelThread: boolean;
  /** It is a zombie, or on the way to be one: the kernel has it, and it runs no program any more. */
  readonly isEnding: boolean;
  readonly threads: number;
  /** In hundredths of a second after the machine was started. */
  readonly startedAt: number;
}

/** PF_KTHREAD of linux/sched.h. */
const KERNEL_THREAD = 0x00200000;

/** PF_EXITING: its memory goes first, a busy machine may take long for the rest. */
const EXITING = 0x00000004;

/** The kernel counts in USER_HZ for programs: always 100, on every machine that this program is for. */
export const TICK_MILLISECONDS = 10;

/** Undefined for anything but such a line. Only the name may hold a ')', so the last one ends it. */
export function parseStat(bytes: Buffer): ProcessStat | undefined {
  const open = bytes.indexOf(0x28);
  const close = bytes.lastIndexOf(0x29);
  if (open < 0 || close < open) return undefined;
  // Fields 3 and up of proc_pid_stat(5).
  const fields = bytes.toString("latin1", close + 2, bytes.length).split(" ", 20);
  const startedAt = Number(fields[19]);
  if (fields.length < 20 || !Number.isFinite(startedAt)) return undefined;
  const [state = "", flags] = [fields[0], Number(fields[6])];
  return {
    name: Buffer.from(bytes.subarray(open + 1, close)),
    state,
    isKernelThread: (flags & KERNEL_THREAD) !== 0,
    isEnding: state === "Z" || state === "X" || (flags & EXITING) !== 0,
    threads: Number(fields[17]),
    startedAt,
  };
}

/**
 * When the machine was started, in milliseconds since 1970. `uptime` is /proc/uptime, exact to 10 ms, but some containers
 * are shown their own; `stat` is /proc/stat, exact to a second. `now` is the time when they were read.
 */
export function bootTime(uptime: Buffer | undefined, stat: Buffer | undefined, now: number): number | undefined {
  const seconds = /^\d+\.\d+(?= )/.exec(uptime?.toString("latin1") ?? "")?.[0];
  const exact = seconds === undefined ? undefined : now - Number(seconds) * 1000;
  const whole = /^btime (\d+)$/m.exec(stat?.toString("latin1") ?? "")?.[1];
  if (whole === undefined) return exact;
  const rough = Number(whole) * 1000;
  return exact !== undefined && Math.abs(exact - rough) < 2000 ? exact : rough;
}
