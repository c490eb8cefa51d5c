// Runs a script on a machine made of cached layers, a Debian root and what goes over it, with nothing of this machine in it.
import { execFile } from "node:child_process";
import path from "node:path";
import { type Ran, scratch } from "../cli.ts";
import { STEP } from "../steps.ts";

// setpriv ties the machine's life to this process, and --kill-child ties all of the machine to unshare's.
const NAMESPACES = "--pdeathsig KILL unshare --mount --pid --net --uts --ipc --fork --kill-child --propagation private";

export interface Machine {
  /** Folders, the upper ones first; the last one is a root. None is written. */
  readonly layers: readonly string[];
  /** Files and folders of the host, by where they are seen there. */
  readonly files?: Readonly<Record<string, string>>;
  /** How much may be written beside /tmp, in memory, as mount(8) reads it; "1G" by default. */
  readonly size?: string;
  /** Milliseconds until all of it is killed; 150,000 by default. */
  readonly timeout?: number;
}

/**
 * Runs a script for sh(1) as root in there, in namespaces of its own, with no network. In it `step NAME COMMAND…` runs a
 * command and says what stepsOf() reads. Throws when it did not end by itself.
 */
export async function inRoot(
  script: string,
  { layers, files = {}, size = "1G", timeout = 150_000 }: Machine,
): Promise<Ran> {
  const shared = Object.entries(files).flatMap(([seen, file]) => [file, seen]);
  const words = [
    path.join(import.meta.dirname, "enter.sh"),
    layers.join(":"),
    scratch(),
    size,
    `${STEP}${script}`,
    ...shared,
  ];
  return new Promise((resolve, reject) => {
    const options = { cwd: "/", timeout, killSignal: "SIGKILL", maxBuffer: 64 * 1024 * 1024 } as const;
    execFile("setpriv", [...NAMESPACES.split(" "), "sh", ...words], options, (error, stdout, stderr) => {
      const status = error === null ? 0 : error.code;
      if (typeof status === "number") resolve({ status, stdout, stderr });
      else reject(new Error(`the script did not end by itself, after:\n${stdout}${stderr}`, { cause: error }));
    });
  });
}
