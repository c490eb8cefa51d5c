// Runs a shell script in a throwaway sandbox: private namespaces, a private writable /etc, its own network. The host is never changed.
import type { ChildProcess } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { nativeFolder } from "../../core/native.ts";
import { fromSystem } from "../app-error.ts";
import { killProgram, type ProgramCommand, startProgram } from "../start-program.ts";
import { READY, SETUP } from "./sandbox-setup.ts";
import { stagesFolder } from "./stages-folder.ts";

/** `root`: the real root, nothing mapped. `user`: a user namespace in which the caller is root and nobody else exists. */
export type SandboxKind = "root" | "user";

export interface SandboxRequest {
  /** A program for sh(1). It finds an empty writable folder in $SCRATCH, and is process 1 of its own pid namespace. */
  readonly script: string;
  readonly args?: readonly string[];
  /** Files for the private /etc, by path below it ("portreserve/cups"); they hide the host's. Mode 0644. */
  readonly etc?: Readonly<Record<string, string | Uint8Array>>;
  /** Existing folders of the host that the script may write: it sees their content and changes a private layer. */
  readonly overlays?: readonly string[];
  /** Existing folders of the host that the script sees empty, such as /run, but for the sandbox's own files. */
  readonly empty?: readonly string[];
  /** The whole environment beside PATH, LC_ALL and SCRATCH; nothing is inherited. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Milliseconds until everything in the sandbox is killed; 20,000 by default. */
  readonly timeout?: number;
  /** How folders are made private: `overlay` falls back to `copy` by itself where the kernel refuses it. */
  readonly layer?: "overlay" | "copy";
  /** How the name of the folder begins in which the sandbox keeps its files while it lives (`stagesFolder`). */
  readonly stagePrefix?: string;
  /** Called with each whole line of standard output as it comes. */
  readonly onLine?: (line: string) => void;
}

interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * `ended`: the script ran; `status` is its exit status, 128 plus the signal's number if a signal ended it.
 * `timeout`: it was killed. `impossible`: it never started; `reason` is what the system said, on one line.
 */
export type SandboxResult =
  | (Output & { readonly outcome: "ended"; readonly status: number })
  | (Output & { readonly outcome: "timeout" })
  | { readonly outcome: "impossible"; readonly reason: string };

/** The helper that starts a program with a chosen process id; the sandbox itself needs it for the loopback interface. */
export function pidexecPath(): string {
  return path.join(nativeFolder(), "portreserve-pidexec");
}

// setpriv ties the sandbox's life to this process, and --kill-child ties all of the sandbox to unshare's.
const NAMESPACES: ProgramCommand = [
  ...(["setpriv", "--pdeathsig", "KILL"] as const),
  ...["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child"],
  ...["--propagation", "private", "--mount-proc"],
];

const STAGE_PREFIX = "portreserve-sandbox-";

/** Removes what killed processes have left of their sandboxes with this prefix; only for callers who know that none is alive. */
export function removeStages(stagePrefix: string): void {
  const folder = stagesFolder();
  for (const name of readdirSync(folder)) {
    if (name.startsWith(stagePrefix)) rmSync(path.join(folder, name), { recursive: true, force: true });
  }
}

/** Runs one script in a sandbox of the given kind. Expected failures are values; throws only when the staging folder cannot be written. */
export async function runInSandbox(kind: SandboxKind, request: SandboxRequest): Promise<SandboxResult> {
  const stage = mkdtempSync(path.join(stagesFolder(), request.stagePrefix ?? STAGE_PREFIX));
  const remove = (): void => removeStage(stage);
  try {
    // Programs in the sandbox that give up root must be able to pass through to $SCRATCH.
    chmodSync(stage, 0o711);
    fillStage(stage, request);
    const child = start(kind, stage, request);
    const release = killedWithUs(child, remove);
    try {
      return await collect(child, request);
    } finally {
      release();
    }
  } finally {
    remove();
  }
}

/** What fails once may work the next time. Throws AppError. */
function removeStage(stage: string): void {
  try {
    rmSync(stage, { recursive: true, force: true });
  } catch {
    try {
      rmSync(stage, { recursive: true, force: true });
    } catch (error) {
      throw fromSystem(error, `cannot remove '${stage}', where the files of a sandbox are`, undefined, stage);
    }
  }
}

function fillStage(stage: string, request: SandboxRequest): void {
  const write = (name: string, content: string | Uint8Array): void => {
    writeFileSync(path.join(stage, name), content);
    chmodSync(path.join(stage, name), 0o644);
  };
  mkdirSync(path.join(stage, "scratch"));
  mkdirSync(path.join(stage, "etc"));
  for (const [name, content] of Object.entries(request.etc ?? {})) {
    let folder = path.join(stage, "etc");
    for (const part of path
      .dirname(name)
      .split("/")
      .filter((p) => p !== ".")) {
      folder = path.join(folder, part);
      mkdirSync(folder, { recursive: true });
      // cp -p hands this mode on, and the host's umask must not make the folder private.
      chmodSync(folder, 0o755);
    }
    write(path.join("etc", name), content);
  }
  write("script", request.script);
  write("setup", SETUP);
}

function start(kind: SandboxKind, stage: string, request: SandboxRequest): ChildProcess {
  const overlays = request.overlays ?? [];
  const empty = request.empty ?? [];
  return startProgram(
    [
      ...NAMESPACES,
      ...(kind === "user" ? ["--user", "--map-root-user"] : []),
      "--",
      "sh",
      path.join(stage, "setup"),
      stage,
      pidexecPath(),
      request.layer ?? "overlay",
      // In a user namespace the host's owners do not exist, and a failed chown would take the copy's mode away.
      kind === "user" ? "mode" : "mode,ownership",
      String(overlays.length),
      ...overlays,
      String(empty.length),
      ...empty,
      ...(request.args ?? []),
    ],
    { environment: request.environment ?? {}, more: ["pipe"] },
  );
}

/** A signal that would end this process takes the sandbox and its staging folder along, and then ends the process as it would have. */
function killedWithUs(child: ChildProcess, remove: () => void): () => void {
  const handlers = (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((signal) => {
    const handler = (): void => {
      killProgram(child);
      try {
        remove();
      } finally {
        release();
        process.kill(process.pid, signal);
      }
    };
    process.on(signal, handler);
    return [signal, handler] as const;
  });
  const release = (): void => {
    for (const [signal, handler] of handlers) process.removeListener(signal, handler);
  };
  return release;
}

function collect(child: ChildProcess, request: SandboxRequest): Promise<SandboxResult> {
  return new Promise((resolve) => {
    const text = { stdout: "", stderr: "", ready: "" };
    const follow = (name: keyof typeof text, stream: unknown, onData?: () => void): void => {
      (stream as NodeJS.ReadableStream).setEncoding("utf8").on("data", (chunk: string) => {
        text[name] += chunk;
        onData?.();
      });
    };
    let told = 0;
    follow("stdout", child.stdio[1], () => {
      for (let end = text.stdout.indexOf("\n", told); end >= 0; end = text.stdout.indexOf("\n", told)) {
        request.onLine?.(text.stdout.slice(told, end));
        told = end + 1;
      }
    });
    follow("stderr", child.stdio[2]);
    follow("ready", child.stdio[3]);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      killProgram(child);
    }, request.timeout ?? 20_000);
    child.on("error", (error) => {
      clearTimeout(timer);
      resolve({ outcome: "impossible", reason: `${error.message} (is util-linux installed?)` });
    });
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      const { stdout, stderr } = text;
      if (late) resolve({ outcome: "timeout", stdout, stderr });
      else if (text.ready !== READY) resolve({ outcome: "impossible", reason: reasonFrom(stderr, status, signal) });
      else resolve({ outcome: "ended", status: status ?? 128 + 9, stdout, stderr });
    });
  });
}

function reasonFrom(stderr: string, status: number | null, signal: string | null): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  return lines.length > 0 ? lines.join("; ") : `the setup ended with ${signal ?? `status ${status}`}`;
}
