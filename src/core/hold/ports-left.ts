// When holding would starve the kernel: its NFS client passes over no reservation, but it cannot take a held port.
import type { Configuration, Diagnostic, Protocol } from "../config/types.ts";
import { freePorts, type PortSpan, tooFewMessage } from "../table/free-ports.ts";
import { heldPorts } from "./held-ports.ts";

/** What the kernel's RPC client takes its ports from, unless somebody has set sunrpc.min_resvport and max_resvport. */
export const KERNEL_RANGE: PortSpan = { first: 665, last: 1023 };

/** The fewest ports of KERNEL_RANGE, for each protocol, that may be neither reserved nor held where any of them is held. */
export const KERNEL_MINIMUM = 64;

/** The reason to refuse what this configuration holds without --force, or undefined where there is none. */
export function tooFewBesideHeld(configuration: Configuration): Diagnostic | undefined {
  const { first, last } = KERNEL_RANGE;
  const held = heldPorts(configuration).filter(({ port }) => first <= port && port <= last);
  const short = (["tcp", "udp"] as const).filter(
    (protocol: Protocol) =>
      held.some((one) => one.protocol === protocol) &&
      freePorts(configuration, protocol, KERNEL_RANGE) < KERNEL_MINIMUM,
  );
  if (short.length === 0) return undefined;
  const left = Math.min(...short.map((protocol) => freePorts(configuration, protocol, KERNEL_RANGE)));
  return {
    severity: "error",
    code: "too-few-ports-beside-held",
    message: `${tooFewMessage(left, KERNEL_RANGE, short)}, and where some are held the kernel's NFS client needs at least ${KERNEL_MINIMUM}: with none its mounts time out`,
    hint: "hold or reserve fewer ports, or use --force to compile it as it is",
  };
}
