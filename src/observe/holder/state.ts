// The file in which portreserve-hold says who it is and what it was told to hold.
import type { HeldFacts, HeldSlot } from "../../coverage/hold-facts.ts";

export interface HolderState {
  /** In the pid namespace of the host. */
  readonly pid: number;
  /** Field 22 of proc_pid_stat(5): hundredths of a second after the machine was started. */
  readonly startTime: number;
  /** Every port that it was told to hold or block, whether it could or not. */
  readonly held: readonly HeldFacts[];
}

/** Why a file is none: `damaged`, or of a version that this program does not know. */
export type StateFault = "damaged" | "future";

/** Version 1: one JSON object with `version`, `pid`, `startTime` and `held`, whatever else is in it. */
export function parseHolderState(bytes: Uint8Array): HolderState | StateFault {
  const { version, pid, startTime, held } = objectIn(bytes);
  if (isCount(version) && version > 1) return "future";
  if (version !== 1 || !isCount(pid) || pid < 1 || !isCount(startTime) || !Array.isArray(held)) return "damaged";
  const ports = held.map(portIn).filter((port) => port !== undefined);
  return ports.length === held.length ? { pid, startTime, held: ports } : "damaged";
}

function portIn(value: unknown): HeldFacts | undefined {
  const { kind, protocol, port, ipv4, ipv6, error } = fieldsOf(value);
  if ((kind !== "hold" && kind !== "block") || (protocol !== "tcp" && protocol !== "udp")) return undefined;
  if (!isCount(port) || port < 1 || port > 65535 || !isSlot(ipv4) || !isSlot(ipv6)) return undefined;
  if (error !== null && typeof error !== "string") return undefined;
  return { kind, protocol, port, ipv4, ipv6, error: error ?? undefined };
}

const SLOTS: readonly unknown[] = ["held", "beside", "refused", "absent"] satisfies readonly HeldSlot[];

function isSlot(value: unknown): value is HeldSlot {
  return SLOTS.includes(value);
}

function objectIn(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return fieldsOf(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return {};
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
