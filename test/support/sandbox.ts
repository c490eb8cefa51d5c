// What tests of thefts share: the built programs, a table for the private /etc, and sandboxes that fail loudly.
import path from "node:path";
import { native } from "../../src/core/native.ts";
import { runInSandbox, type SandboxKind, type SandboxRequest } from "../../src/system/sandbox/sandbox.ts";
import { sandboxSupport } from "../../src/system/sandbox/sandbox-support.ts";
import { skipFor } from "./can.ts";
import { stagedNatives } from "./stage/stage.ts";
import { WAITING } from "./steps.ts";

export const built = {
  shim: path.join(stagedNatives(), "libportreserve.so"),
  shim32: path.join(stagedNatives(), "libportreserve-i386.so"),
  probe: path.join(stagedNatives(), "portreserve-probe"),
  pidexec: path.join(stagedNatives(), "portreserve-pidexec"),
} as const;

/** glibc and libtirpc first try 600 + pid % 424, so a program with this process id first asks for 631. */
export const THIEF_PID = 21655;

/** A compiled table that reserves the given ports for both protocols. */
export function tableOf(...ports: readonly number[]): Uint8Array {
  return native().encodeTable({ generation: 1n, digest: new Uint8Array(32), tcp: ports, udp: ports });
}

/** Undefined where sandboxes work, else why not; an error instead where everything is required. */
export async function noSandbox(): Promise<string | undefined> {
  const support = await sandboxSupport();
  if (support.works) return undefined;
  return skipFor(`no sandbox can be made here: ${support.reason}`);
}

/** How a program is covered: by nothing (the control), by its environment, or by the preload list of the sandbox. */
export type Cover = "nothing" | "LD_PRELOAD" | "preload list";
export const COVERS = ["LD_PRELOAD", "preload list"] as const;

export interface Play extends Omit<SandboxRequest, "script"> {
  readonly cover: Cover;
  /** Which ports the table reserves, for both protocols; 631 by default. */
  readonly reserved?: readonly number[];
  /** `undefined`: whichever kind works here. */
  readonly kind?: SandboxKind;
  /** The shim in the environment; the one for this machine's own ABI by default. */
  readonly shim?: string;
}

export interface Played {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a script in a sandbox with a table and no blacklist (libtirpc would honour it, and the control would show
 * nothing), where `thief COMMAND…` runs a command with the process id that asks for 631 first, covered as asked,
 * `owner` says what binding 631 as its owner gives, and `$PROBE` is the probe. Throws when the sandbox did not end by itself.
 */
export async function play(script: string, { cover, reserved = [631], kind, shim, ...request }: Play): Promise<Played> {
  const support = await sandboxSupport();
  if (!support.works) throw new Error(`no sandbox: ${support.reason}`);
  const result = await runInSandbox(kind ?? support.kind, {
    timeout: 110_000,
    ...request,
    script: PRELUDE + script,
    etc: {
      "portreserve.table": tableOf(...reserved),
      "bindresvport.blacklist": "",
      "ld.so.preload": cover === "preload list" ? `${shim ?? built.shim}\n` : "",
      ...request.etc,
    },
    environment: {
      LC_ALL: "C.UTF-8",
      COVER: cover === "LD_PRELOAD" ? (shim ?? built.shim) : "",
      PIDEXEC: built.pidexec,
      PROBE: built.probe,
      THIEF: String(THIEF_PID),
      ...request.environment,
    },
  });
  if (result.outcome === "impossible") throw new Error(`the sandbox could not be made: ${result.reason}`);
  if (result.outcome === "timeout") throw new Error(`the sandbox hung:\n${result.stdout}\n${result.stderr}`);
  return { status: result.status, stdout: result.stdout, stderr: result.stderr };
}

const PRELUDE = `set -u
# An empty LD_PRELOAD is no LD_PRELOAD.
covered() { if [ -n "$COVER" ]; then LD_PRELOAD=$COVER "$@"; else "$@"; fi; }
thief() { covered "$PIDEXEC" --pid "$THIEF" -- "$@"; }
owner() {
  for protocol in tcp udp; do
    echo "owner $protocol $("$PROBE" --symbol bind --port 631 --protocol $protocol)"
  done
}
${WAITING}# The sockets of a process as PROTOCOL ADDRESS:PORT, sorted; an IPv6 wildcard is shown as *.
sockets() { ss -Hlntup | awk -v "owner=,pid=$1," 'index($0, owner) { print $1, $5 }' | LC_ALL=C sort; }
`;
