// One sandbox for the scene: its jobs are run, and what they left for the test is read.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { runInSandbox } from "../../../src/system/sandbox/sandbox.ts";
import { skipFor, skipReason } from "../can.ts";
import { MAIN, NODE } from "../stage/stage.ts";
import { type Call, callsIn, injector } from "./inject.ts";
import { type Listing, listingOf } from "./listing.ts";
import { checks } from "./programs.ts";
import { EMPTY, SCENE } from "./scene.ts";

/** The manager, as a command for the scene's shell. */
export const MANAGER = `${NODE} ${MAIN}`;

/** Why there can be no scene here; undefined where there can. */
export function noScene(): string | undefined {
  const hidden = [...EMPTY, "mnt"].find((folder) => [NODE, MAIN].some((file) => file.startsWith(`/${folder}/`)));
  if (hidden === undefined) return skipReason("root", { program: "unshare", package: "util-linux" });
  return skipFor(`node or the checkout is below /${hidden}, which is private to each run`);
}

/** What one program did, and what was left then. */
export interface Ran {
  /** 128 and the signal's number if one ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What the programs that must go on running said. */
  readonly checks: string;
  readonly complaints: string;
  readonly listing: Listing;
  /** Of the table without its generation; empty where there is none. */
  readonly tableHash: string;
  /** Of injected programs. */
  readonly calls: readonly Call[];
  /** What strace wrote to KERNEL_LOG; empty without it. */
  readonly kernelLog: string;
}

/** Where a program of the scene leaves a log of strace's for the test. */
export const KERNEL_LOG = "/mnt/out/kernel";

export interface Found {
  readonly run: (name: string) => Ran;
  /** The point whose continuations are those of this one too. */
  readonly origin: (point: string) => string;
  /** Whether there was time for the point. */
  readonly tried: (point: string) => boolean;
  /** A file of a saved state, by its path below the root. */
  readonly file: (state: string, path: string) => Uint8Array;
}

/** Three hours: the test's own limit comes first. */
const TIMEOUT = 10_800_000;

/** Runs the jobs (see scene.ts) with these programs, by variable; `read` sees what they left, which is gone afterwards. */
export async function inScene<T>(
  programs: Readonly<Record<string, string>>,
  jobs: readonly string[],
  read: (found: Found) => T,
): Promise<T> {
  const results = mkdtempSync(path.join(tmpdir(), "portreserve-fault-"));
  try {
    const sandbox = await runInSandbox("root", {
      script: SCENE,
      args: jobs,
      // So that the layers over /etc are not a third overlay file system where the host's root is one already.
      layer: "copy",
      empty: ["/run"],
      environment: {
        RESULTS: results,
        CHECKS: checks(),
        NOTHING: "true",
        INJECT: `LD_PRELOAD=${injector()}`,
        ...programs,
      },
      timeout: TIMEOUT,
    });
    if (sandbox.outcome !== "ended" || sandbox.status !== 0) {
      throw new Error(`the sandbox failed: ${JSON.stringify(sandbox)}`);
    }
    return read({
      run: (name) => readRun(path.join(results, name)),
      origin: (point) => textOf(path.join(results, point, "same")).trim() || point,
      tried: (point) => existsSync(path.join(results, point)),
      file: (state, name) => readFileSync(path.join(results, "states", state, name)),
    });
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
}

function readRun(folder: string): Ran {
  const text = (name: string): string => textOf(path.join(folder, name));
  return {
    status: Number.parseInt(text("status"), 10),
    stdout: text("stdout"),
    stderr: text("stderr"),
    checks: text("checks"),
    complaints: text("complaints"),
    listing: listingOf(text("listing")),
    tableHash: /^table\t(\w+)/m.exec(text("listing"))?.[1] ?? "",
    calls: callsIn(text("log")),
    kernelLog: text(path.basename(KERNEL_LOG)),
  };
}

/** Empty where there is no such file. */
function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
