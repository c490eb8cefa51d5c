// A dress rehearsal in a sandbox: the new preload list and table in a private /etc, setuid programs and real allocations included.
import { existsSync } from "node:fs";
import { fromSystem } from "../app-error.ts";
import type { HostAbi } from "../host/abis.ts";
import type { TrialProgram, TrialResult } from "../host/trial.ts";
import { PRELOAD_LIST, SETUID_PROGRAMS, STAGE_FOLDER, TABLE_FILE } from "../paths.ts";
import { removeStages, runInSandbox, type SandboxKind, type SandboxRequest, type SandboxResult } from "./sandbox.ts";
import { sandboxSupport } from "./sandbox-support.ts";

/** Of its own, so that tidying up under the lock never meets a sandbox that is alive. */
const STAGE_PREFIX = "portreserve-rehearsal-";

export interface RehearsalRun {
  /** Undefined for the host's own. */
  readonly list: Uint8Array | undefined;
  readonly table: Uint8Array | undefined;
}

/** What each program gave, in order. `impossible`: no sandbox can be made here. `broken`: the scene itself could not run to its end. */
export type Rehearsed =
  | { readonly outcome: "played"; readonly results: readonly TrialResult[] }
  | { readonly outcome: "impossible" | "broken"; readonly reason: string };

/** The same for a sandbox: none where it has no other users. */
export async function programsOfSandbox(programs: readonly TrialProgram[]): Promise<readonly TrialProgram[]> {
  const support = await keeping(() => sandboxSupport(STAGE_PREFIX));
  return support.works && support.kind === "root" ? programsOfNobody(programs) : [];
}

/** The same programs as nobody, and setuid ones, which only a preload list reaches. For root. */
export function programsOfNobody(programs: readonly TrialProgram[]): readonly TrialProgram[] {
  const setuid = SETUID_PROGRAMS.filter(([file]) => existsSync(file)).map((command) => ({ command }));
  return [...programs, ...setuid].map(({ command }) => ({
    command: ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...command],
  }));
}

/** Takes every privileged port that it can get, for each of the host's ABIs; prints them as JSON lines. */
export function exhaustions(abis: readonly HostAbi[]): readonly TrialProgram[] {
  return abis.flatMap(({ probe }) =>
    probe === undefined
      ? []
      : ["tcp", "udp"].map((protocol) => ({
          command: [probe, "--symbol", "bindresvport", "--protocol", protocol, "--exhaust"] as const,
        })),
  );
}

/** Plays the programs one after the other. Throws AppError when the staging folder cannot be written. */
export async function rehearse(scene: RehearsalRun, programs: readonly TrialProgram[]): Promise<Rehearsed> {
  const support = await keeping(() => sandboxSupport(STAGE_PREFIX));
  if (!support.works) return { outcome: "impossible", reason: support.reason };
  return await playOn(support.kind, scene, programs);
}

/** Removes what killed rehearsals have left; only under the lock. Throws AppError. */
export function tidyUpRehearsals(): void {
  try {
    removeStages(STAGE_PREFIX);
  } catch (error) {
    throw fromSystem(error, `cannot tidy up in '${STAGE_FOLDER}'`, "nothing was changed", STAGE_FOLDER);
  }
}

async function playOn(kind: SandboxKind, scene: RehearsalRun, programs: readonly TrialProgram[]): Promise<Rehearsed> {
  const result = await keeping(() => runInSandbox(kind, requestFor(scene, programs)));
  return resultOf(result, programs.length);
}

/** Throws AppError where the files of a sandbox cannot be written. */
async function keeping<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fromSystem(error, `cannot keep the files of a sandbox in '${STAGE_FOLDER}'`, undefined, STAGE_FOLDER);
  }
}

function requestFor(scene: RehearsalRun, programs: readonly TrialProgram[]): SandboxRequest {
  return {
    script: SCRIPT,
    args: programs.map(({ command }) => command.map(quoted).join(" ")),
    etc: {
      ...(scene.list === undefined ? {} : { [below(PRELOAD_LIST)]: scene.list }),
      ...(scene.table === undefined ? {} : { [below(TABLE_FILE)]: scene.table }),
    },
    timeout: 120_000,
    stagePrefix: STAGE_PREFIX,
  };
}

function resultOf(result: SandboxResult, count: number): Rehearsed {
  switch (result.outcome) {
    case "impossible":
      return { outcome: "impossible", reason: result.reason };
    case "timeout":
      return { outcome: "broken", reason: "its programs did not end" };
    case "ended": {
      const results = parse(result.stdout);
      if (result.status === 0 && results.length === count) return { outcome: "played", results };
      const said = result.stderr.trim().split("\n")[0];
      return { outcome: "broken", reason: said || `the shell ended with status ${result.status}` };
    }
    default:
      return result satisfies never;
  }
}

/** Below /etc, where the sandbox puts files. */
function below(file: string): string {
  return file.replace(/^\/etc\//, "");
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** What a program printed is shown as hexadecimal digits: it may hold anything. */
const SCRIPT = `
for command do
  (eval "$command") >"$SCRATCH/out" 2>"$SCRATCH/err" </dev/null
  echo "status $?"
  echo "stdout $(od -An -v -tx1 "$SCRATCH/out" | tr -d ' \\n')"
  echo "stderr $(od -An -v -tx1 "$SCRATCH/err" | tr -d ' \\n')"
done
`;

function parse(text: string): readonly TrialResult[] {
  const pattern = /^status (\d+)\nstdout ([0-9a-f]*)\nstderr ([0-9a-f]*)$/gm;
  const plain = (hex: string | undefined): string => Buffer.from(hex ?? "", "hex").toString("latin1");
  return [...text.matchAll(pattern)].map(([, status, stdout, stderr]) => ({
    status: Number(status),
    stdout: plain(stdout),
    stderr: plain(stderr),
  }));
}
