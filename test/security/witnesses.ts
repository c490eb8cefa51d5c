// What attackers put where root might load or run it, and what it has to say afterwards.
import { chmodSync, copyFileSync, mkdirSync, readlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { compileC } from "../support/compile-c.ts";

const HERE = "test/security";
const SHARED = ["-shared", "-fPIC", "-ldl"];

/** The library whose constructor tells who loads it. */
export const library = (): string => compileC(`${HERE}/witness.c`, SHARED);
/** The program that tells who starts it, and then starts the real one of its name. It needs no loader. */
export const program = (): string => compileC(`${HERE}/witness.c`, ["-DPROGRAM", "-static"]);

/** Where the witnesses of `layWitnesses` write. */
export const LOG = "witness.log";

/** Each library is one way of being loaded; the log tells them apart by their names. */
const LIBRARIES = ["preload.so", "audit.so", "libtirpc.so.3", "libkeyutils.so.1"] as const;

/** Programs that the manager starts today, or might. */
export const PROGRAMS = [
  ...["sh", "bash", "dash", "env", "node", "nodejs", "true", "cat", "mkdir", "cp", "mount", "od", "tr"],
  ...["setpriv", "unshare", "nsenter", "chroot", "capsh", "su", "runuser", "keyctl", "sysctl", "ip"],
  ...["systemctl", "systemd-run", "systemd-notify", "matchpathcon", "semanage", "restorecon", "apparmor_parser"],
  ...["getent", "ldconfig", "ldd", "ps", "npm", "npx", "mount.nfs", "nfsconf"],
] as const;

/** Puts all kinds of witnesses into `folder`, which then belongs to `owner`. */
export function layWitnesses(folder: string): void {
  mkdirSync(path.join(folder, "bin"), { recursive: true });
  writeFileSync(path.join(folder, LOG), "");
  chmodSync(path.join(folder, LOG), 0o666);
  for (const name of LIBRARIES) copyFileSync(library(), path.join(folder, name));
  copyFileSync(compileC(`${HERE}/victim.c`), path.join(folder, "victim"));
  copyFileSync(compileC(`${HERE}/keep-secret.c`), path.join(folder, "keep-secret"));
  copyFileSync(path.join(import.meta.dirname, "witness.cjs"), path.join(folder, "witness.cjs"));
  for (const name of PROGRAMS) copyFileSync(program(), path.join(folder, "bin", name));
}

/** One that was loaded or started. What it could not find out is "" or "?". */
export interface Seen {
  /** The name of the file that was loaded or started. */
  readonly via: string;
  readonly uid: number;
  readonly euid: number;
  readonly pid: number;
  readonly exe: string;
  readonly cmd: string;
  readonly cap: bigint;
  readonly bounding: bigint;
  readonly noNewRights: boolean;
  readonly filtered: boolean;
  readonly userNamespace: string;
  readonly networkNamespace: string;
  readonly processNamespace: string;
  readonly root: string;
  readonly environment: readonly string[];
  /** What it got from root's keyring. */
  readonly secret: string;
  /** "NUMBER:TARGET" of each descriptor beside the first three. */
  readonly descriptors: readonly string[];
}

export function seenIn(log: string): readonly Seen[] {
  return log
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const fields = new Map(
        line.split("\t").map((field) => {
          const equals = field.indexOf("=");
          return [field.slice(0, equals), field.slice(equals + 1)];
        }),
      );
      const text = (name: string): string => fields.get(name)?.trim() ?? "";
      return {
        via: text("via"),
        uid: Number(text("uid")),
        euid: Number(text("euid")),
        pid: Number(text("pid")),
        exe: text("exe"),
        cmd: text("cmd"),
        cap: BigInt(`0x${text("cap") || "0"}`),
        bounding: BigInt(`0x${text("bounding") || "0"}`),
        noNewRights: text("nnp") === "1",
        filtered: text("seccomp") !== "" && text("seccomp") !== "0",
        userNamespace: text("userns"),
        networkNamespace: text("netns"),
        processNamespace: text("pidns"),
        root: text("root"),
        environment: text("env")
          .split("\x01")
          .filter((entry) => entry !== ""),
        secret: text("secret"),
        descriptors: text("fds")
          .split(" ")
          .filter((entry) => entry !== ""),
      };
    });
}

const HERE_NAMESPACE = readlinkSync("/proc/self/ns/user");

/** Its rights are rights over the host; one that cannot tell its namespace counts too. */
function isOfHost({ userNamespace }: Seen): boolean {
  return !userNamespace.startsWith("user:") || userNamespace === HERE_NAMESPACE;
}

/** Root of the host, or somebody with rights over it. */
export function isHostRoot(one: Seen): boolean {
  return isOfHost(one) && (one.uid === 0 || one.euid === 0 || one.cap !== 0n);
}

/**
 * Whether it can do something that a process with this /proc/PID/status, in this pid namespace, cannot do: the manager's own
 * one has more processes than any that was made in it.
 */
export function isBeyond(one: Seen, status: string, processNamespace: string, managers: string): boolean {
  const value = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(status)?.[1] ?? "";
  const has = (name: string): bigint => BigInt(`0x${value(name)}`);
  return (
    (isOfHost(one) && (one.cap & ~has("CapEff")) !== 0n) ||
    (one.bounding & ~has("CapBnd")) !== 0n ||
    (value("NoNewPrivs") === "1" && !one.noNewRights) ||
    (value("Seccomp") !== "0" && !one.filtered) ||
    (one.processNamespace === managers && managers !== processNamespace)
  );
}

/** One line for a failing expectation. */
export function told({ via, uid, euid, cap, exe, cmd }: Seen): string {
  return `${via} as ${uid}/${euid} with ${cap.toString(16)} in ${exe}: ${cmd}`;
}
