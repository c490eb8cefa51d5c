// Plays a probe many times in one fresh network namespace, and gives what each run printed.
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { reasonOf } from "../app-error.ts";
import { SEARCH_PATH, STANDARD_INPUT_PROGRAM } from "../paths.ts";

/** How the probe is started. */
export interface ProbeStart {
  /** What makes the namespaces, and takes a command after it. */
  readonly around: readonly string[];
  /** What each single run stands behind, such as an entry into a root; without blanks in its words. */
  readonly before: readonly string[];
  /** All that the probe gets beside PATH. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface Played {
  readonly stdout: string;
  readonly status: number;
}

/** `impossible`: no run was started; `reason` is what the system said, on one line. */
export type PlayResult =
  | { readonly outcome: "played"; readonly runs: readonly Played[] }
  | { readonly outcome: "impossible"; readonly reason: string };

/**
 * Runs `probe` once for each text of arguments, in order. The probe itself is standard input: a program that is open can
 * be started in every root and behind every lock that has /proc, also where no path leads to it.
 */
export async function playProbe(start: ProbeStart, probe: string, runs: readonly string[]): Promise<PlayResult> {
  let program: number;
  try {
    program = openSync(probe, "r");
  } catch (error) {
    return { outcome: "impossible", reason: `cannot open '${probe}': ${reasonOf(error)}` };
  }
  try {
    return await play(start, program, runs);
  } finally {
    closeSync(program);
  }
}

const READY = "portreserve: ready";
/** Begins the line that ends a run; the probe's own lines are JSON. */
const MARK = "portreserve: status ";
/** `before` is one argument, to be split at its blanks, and so is each run. */
const SCRIPT = `echo '${READY}'
before=$1; shift
for run; do
  $before ${STANDARD_INPUT_PROGRAM} $run
  echo "${MARK}$?"
done`;

/** Milliseconds; all runs together take less than one second on most hosts. */
const LIMIT = 60_000;

function play(
  { around, before, environment }: ProbeStart,
  program: number,
  runs: readonly string[],
): Promise<PlayResult> {
  const [command = "", ...args] = [...around, "sh", "-c", SCRIPT, "sh", before.join(" "), ...runs];
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: "/",
      env: { ...environment, PATH: SEARCH_PATH },
      stdio: [program, "pipe", "pipe"],
      detached: true,
    });
    const text = { stdout: "", stderr: "" };
    for (const [name, stream] of [
      ["stdout", child.stdout],
      ["stderr", child.stderr],
    ] as const) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        text[name] += chunk;
      });
    }
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, LIMIT);
    child.on("error", (error) => {
      clearTimeout(timer);
      resolve({ outcome: "impossible", reason: `cannot run '${command}': ${reasonOf(error)}` });
    });
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      const ended = late
        ? `it was not done after ${LIMIT / 1000} seconds`
        : `it ended with ${signal ?? `status ${status}`}`;
      resolve(resultOf(text, runs.length, ended));
    });
  });
}

function resultOf(
  text: { readonly stdout: string; readonly stderr: string },
  count: number,
  ended: string,
): PlayResult {
  const [ready, ...lines] = text.stdout.split("\n");
  const runs: Played[] = [];
  let printed: string[] = [];
  for (const line of lines) {
    if (line.startsWith(MARK)) {
      runs.push({ stdout: printed.join("\n"), status: Number(line.slice(MARK.length)) });
      printed = [];
    } else printed.push(line);
  }
  if (ready === READY && runs.length === count && runs.some(({ status }) => !NOT_STARTED.has(status))) {
    return { outcome: "played", runs };
  }
  const said = text.stderr.split("\n").find((line) => line.trim() !== "" && !line.startsWith("ERROR: ld.so"));
  return { outcome: "impossible", reason: said?.trim() ?? ended };
}

/** A shell's words for a program that cannot be run, or is not there. */
const NOT_STARTED: ReadonlySet<number> = new Set([126, 127]);
