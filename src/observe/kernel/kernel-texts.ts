// What the kernel's own files say that matters for who gets a privileged port: read as text, here made data.
import { Buffer } from "node:buffer";
import type { Unseen } from "../../core/seen.ts";
import type { KernelFacts } from "../../coverage/kernel-facts.ts";

/** Why a text is not there. `missing`: there is no such file. */
export interface NoText {
  readonly kind: "missing" | "denied" | "failed";
  readonly reason: string;
}

export type Text = string | NoText;

/** From min_resvport and max_resvport, in the first place that has them; undefined where none has: the module is not loaded. */
export function sunrpcPorts(places: readonly { readonly min: Text; readonly max: Text }[]): KernelFacts["sunrpc"] {
  for (const { min, max } of places) {
    if (isMissing(min) && isMissing(max)) continue;
    const fault = [min, max].find((text) => typeof text !== "string");
    if (fault !== undefined) return unseen(fault as NoText);
    const [low, high] = [wholeNumber(min), wholeNumber(max)];
    if (low === undefined || high === undefined)
      return { unseen: "the kernel's range of ports for NFS is no number", rootWould: false };
    return { min: low, max: high };
  }
  return undefined;
}

function isMissing(text: Text): boolean {
  return typeof text !== "string" && text.kind === "missing";
}

function unseen({ kind, reason }: NoText): Unseen {
  return { unseen: reason, rootWould: kind === "denied" };
}

/** Undefined for anything but digits. */
function wholeNumber(text: Text): number | undefined {
  return typeof text === "string" && /^[0-9]{1,10}\s*$/.test(text) ? Number(text.trim()) : undefined;
}

/** The kernel's default where the file is missing: it came with Linux 4.11. */
export function unprivilegedStart(text: Text): number {
  return wholeNumber(text) ?? 1024;
}

/** One line of /proc/PID/mountinfo. */
export interface Mount {
  /** Where it is mounted, in bytes. */
  readonly target: Buffer;
  readonly type: string;
  /** What is mounted there, with its blanks escaped: "server:/srv/shared". */
  readonly source: string;
  readonly superOptions: readonly string[];
}

/** `text` is mountinfo(5) as latin-1: one character a byte. Lines that are not of its form are left out. */
export function mountsOf(text: string): readonly Mount[] {
  return text.split("\n").flatMap((line) => {
    // A path cannot hold " - ": its blanks are written as \040.
    const [left = "", right = ""] = line.split(" - ", 2);
    const target = left.split(" ")[4];
    const [type, source = "", options = ""] = right.split(" ");
    if (target === undefined || type === undefined || type === "") return [];
    return [{ target: unescaped(target), type, source, superOptions: options.split(",") }];
  });
}

function unescaped(text: string): Buffer {
  const plain = text.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
  return Buffer.from(plain, "latin1");
}

export interface NfsMount {
  readonly target: Buffer;
  readonly source: string;
  readonly noresvport: boolean;
  /** Version 4, or with nolock: nothing asks rpc.statd to watch its locks. */
  readonly needsNoStatd: boolean;
}

export function nfsMounts(mounts: readonly Mount[]): readonly NfsMount[] {
  return mounts
    .filter(({ type }) => type === "nfs" || type === "nfs4")
    .map(({ target, source, superOptions }) => ({
      target,
      source,
      noresvport: superOptions.includes("noresvport"),
      needsNoStatd: superOptions.some((option) => /^vers=4/.test(option) || option === "local_lock=all"),
    }));
}

/** Those that take a port of this host. */
export function plan9Mounts(
  mounts: readonly Mount[],
): readonly { readonly target: Buffer; readonly privport: boolean }[] {
  return mounts
    .filter(({ type, superOptions }) => type === "9p" && superOptions.some((it) => /^trans=(tcp|rdma)$/.test(it)))
    .map(({ target, superOptions }) => ({ target, privport: superOptions.includes("privport") }));
}

/** Undefined where there is no such setting. */
export function lockdPorts({ tcp, udp }: { readonly tcp: Text; readonly udp: Text }): KernelFacts["lockd"] {
  const [forTcp, forUdp] = [wholeNumber(tcp), wholeNumber(udp)];
  return forTcp === undefined || forUdp === undefined ? undefined : { tcp: forTcp, udp: forUdp };
}

/** The first port of the range that the kernel chooses from; undefined where it cannot be read. */
export function localPortsFrom(range: Text): number | undefined {
  return wholeNumber(typeof range === "string" ? (range.trim().split(/\s+/)[0] ?? "") : range);
}

/** From the kernel's list of active modules; undefined where that cannot be read. */
export function securityModules(text: Text): readonly string[] | undefined {
  if (typeof text !== "string") return undefined;
  return text
    .trim()
    .split(",")
    .filter((name) => /^[a-z0-9_-]+$/.test(name));
}
