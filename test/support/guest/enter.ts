// Runs a program in the namespaces of a guest's first process, with nothing of the caller's environment.
import { spawn } from "node:child_process";

export interface RunOptions {
  readonly args?: readonly string[];
  /** A user's name; root by default. */
  readonly user?: string;
  readonly input?: string | Uint8Array;
  /** Milliseconds; 30,000 by default. */
  readonly timeout?: number;
}

export interface Entered {
  /** 128 plus the signal's number when a signal ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as it was. */
  readonly bytes: Buffer;
}

const ENVIRONMENT = [
  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  "HOME=/root",
  "LC_ALL=C.UTF-8",
  "TERM=dumb",
  "SYSTEMD_PAGER=",
  "SYSTEMD_COLORS=0",
] as const;

const AS_USER = 'user=$1; shift; exec setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups -- "$@"';

export function enter(leader: number, script: string, options: RunOptions = {}): Promise<Entered> {
  const { args = [], user, input = "", timeout = 30_000 } = options;
  const shell = ["sh", "-c", script, "sh", ...args];
  const child = spawn(
    "nsenter",
    [
      ...["--target", String(leader), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd"],
      ...["--", "env", "-i", ...ENVIRONMENT],
      ...(user === undefined ? shell : ["sh", "-c", AS_USER, "sh", user, ...shell]),
    ],
    // Its own process group: nsenter's child must end with it when the time is over.
    { cwd: "/", detached: true, stdio: ["pipe", "pipe", "pipe"] },
  );
  return new Promise((resolve, reject) => {
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    // A program need not read what it is given.
    child.stdin.on("error", () => undefined).end(input);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, timeout);
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (status) => {
      clearTimeout(timer);
      const bytes = Buffer.concat(out);
      const stderr = String(Buffer.concat(err));
      if (late) reject(new Error(`not done after ${timeout} ms in the guest: ${script}\n${bytes}${stderr}`));
      else resolve({ status: status ?? 128 + 9, stdout: String(bytes), stderr, bytes });
    });
  });
}
