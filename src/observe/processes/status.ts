// /proc/PID/status: whose process it is, whether it may take a privileged port, and whether a filter judges its system calls.

export interface ProcessStatus {
  /** The effective one. */
  readonly uid: number;
  /** CAP_NET_BIND_SERVICE is effective, or permitted without another exec. */
  readonly mayBind: boolean;
  /** Of proc(5)'s "Seccomp:"; absent for 0, and where the kernel has no seccomp. */
  readonly seccomp?: "strict" | "filter";
  /** It gave up new privileges; absent where it did not, and where the kernel does not say. */
  readonly noNewPrivs?: true;
}

/** CAP_NET_BIND_SERVICE of linux/capability.h. */
export const NET_BIND_SERVICE = 1n << 10n;

/** How many seccomp filters judge it (Linux 5.9 and later); 0 where that is not said. */
export function filtersIn(bytes: Buffer): number {
  return Number(field(bytes, "\nSeccomp_filters:\t") ?? 0) || 0;
}

/**
 * The kernel escapes newlines in the name, so each line begins with the field's own name. Undefined for anything else.
 * `hostFilters`: those of process 1, which a container puts upon all that runs in it, this program too.
 */
export function parseStatus(bytes: Buffer, hostFilters = 0): ProcessStatus | undefined {
  const uid = field(bytes, "\nUid:\t")?.split("\t")[1];
  const permitted = capabilities(bytes, "CapPrm");
  const effective = capabilities(bytes, "CapEff");
  if (uid === undefined || !/^\d+$/.test(uid) || permitted === undefined || effective === undefined) return undefined;
  const mode = field(bytes, "\nSeccomp:\t");
  const seccomp = mode === "1" ? "strict" : mode === "2" && isOwn(filtersIn(bytes), hostFilters) ? "filter" : undefined;
  return {
    uid: Number(uid),
    mayBind: ((permitted | effective) & NET_BIND_SERVICE) !== 0n,
    ...(seccomp === undefined ? {} : { seccomp }),
    ...(field(bytes, "\nNoNewPrivs:\t") === "1" ? { noNewPrivs: true } : {}),
  };
}

/** Without a number nothing says that they are the container's. */
function isOwn(filters: number, hostFilters: number): boolean {
  return filters === 0 || filters > hostFilters;
}

function field(bytes: Buffer, start: string): string | undefined {
  const at = bytes.indexOf(start, 0, "latin1");
  const end = at < 0 ? -1 : bytes.indexOf(0x0a, at + start.length);
  return end < 0 ? undefined : bytes.toString("latin1", at + start.length, end);
}

/** One of the sets of capabilities; undefined where there is none of that name. */
export function capabilities(bytes: Buffer, name: "CapPrm" | "CapEff"): bigint | undefined {
  const digits = field(bytes, `\n${name}:\t`);
  return digits !== undefined && /^[0-9a-f]{16}$/.test(digits) ? BigInt(`0x${digits}`) : undefined;
}
