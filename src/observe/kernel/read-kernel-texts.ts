// The kernel's own files about privileged ports, mounts and security modules, as the texts that they are.
import { existsSync, readdirSync } from "node:fs";
import { release } from "node:os";
import { errnoOf } from "../../system/app-error.ts";
import { isFault, readRegularFile } from "../../system/files/read-file.ts";
import {
  IPMI_DEVICES,
  LOCAL_PORT_RANGE,
  LOCKD_PORTS,
  MOUNTINFO,
  SECURITY_MODULES,
  SUNRPC_PORTS,
  UNPRIVILEGED_START,
} from "../../system/paths.ts";
import type { NoText } from "./kernel-texts.ts";

export interface KernelTexts {
  readonly release: string;
  /** In every place that may have them, the one to believe first. */
  readonly sunrpc: readonly { readonly min: string | NoText; readonly max: string | NoText }[];
  readonly lockd: { readonly tcp: string | NoText; readonly udp: string | NoText };
  /** In latin-1: one character a byte. */
  readonly mounts: string | NoText;
  readonly unprivilegedStart: string | NoText;
  /** Absent where nobody has looked. */
  readonly localPortRange?: string | NoText;
  readonly securityModules: string | NoText;
  readonly hasIpmi: boolean;
}

export function kernelTexts(): KernelTexts {
  return {
    release: release(),
    sunrpc: SUNRPC_PORTS.map(({ min, max }) => ({ min: textOf(min), max: textOf(max) })),
    lockd: { tcp: textOf(LOCKD_PORTS.tcp), udp: textOf(LOCKD_PORTS.udp) },
    mounts: textOf(MOUNTINFO),
    unprivilegedStart: textOf(UNPRIVILEGED_START),
    localPortRange: textOf(LOCAL_PORT_RANGE),
    securityModules: textOf(SECURITY_MODULES),
    hasIpmi: IPMI_DEVICES.some(isThere),
  };
}

/** Hosts with ten thousand mounts have a few megabytes of them. */
const LIMIT = 64 * 1024 * 1024;

function textOf(file: string): string | NoText {
  const read = readRegularFile(file, LIMIT);
  if (!isFault(read)) return read.bytes.toString("latin1");
  const kind = read.kind === "missing" || read.kind === "denied" ? read.kind : "failed";
  return { kind, reason: `'${file}' cannot be read: ${read.reason}` };
}

/** A folder counts if there is anything in it. */
function isThere(place: string): boolean {
  if (!existsSync(place)) return false;
  try {
    return readdirSync(place).length > 0;
  } catch (error) {
    return errnoOf(error) === "ENOTDIR";
  }
}
