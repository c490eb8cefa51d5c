// Plays a probe many times in one fresh network namespace, and gives what each run printed. What it printed is not trusted:
// code that the target of a proof has chosen may be in the same process.
import { closeSync, openSync } from "node:fs";
import { reasonOf } from "../../system/app-error.ts";
import { killProgram, type ProgramCommand, startProgram } from "../../system/start-program.ts";

/** How the probe is started. */
export interface ProbeStart {
  /** What makes the namespaces, and takes a command after it. */
  readonly around: ProgramCommand;
  /** What starts the program that is standard input, and takes its arguments after it. */
  readonly probe: ProgramCommand;
  /** Descriptors that both get, as 3 and up. */
  readonly more: readonly number[];
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
/** The runs are one argument, a line each, to be split at their blanks; the rest is the command. */
const SCRIPT = `echo '${READY}'
runs=$1; shift
set -f
IFS='
'
for run in $runs; do
  IFS=' '
  "$@" $run
  echo "${MARK}$?"
done`;

/** Milliseconds; all runs together take less than one second on most hosts. */
const LIMIT = 60_000;
/** Characters of each stream; all runs together print some 300,000. */
const OUTPUT_LIMIT = 8 * 1024 * 1024;

function play({ around, probe, more }: ProbeStart, program: number, runs: readonly string[]): Promise<PlayResult> {
  return new Promise((resolve) => {
    const child = startProgram([...around, "sh", "-c", SCRIPT, "sh", runs.join("\n"), ...probe], {
      input: program,
      more,
    });
    let stopped: string | undefined;
    const stop = (why: string): void => {
      stopped ??= why;
      killProgram(child);
    };
    const text = { stdout: "", stderr: "" };
    for (const [name, stream] of [
      ["stdout", child.stdout],
      ["stderr", child.stderr],
    ] as const) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        if (text[name].length < OUTPUT_LIMIT) text[name] += chunk;
        else stop(`it printed more than ${OUTPUT_LIMIT / 1024 ** 2} MiB`);
      });
    }
    const timer = setTimeout(() => stop(`it was not done after ${LIMIT / 1000} seconds`), LIMIT);
    child.on("error", (error) => {
      clearTimeout(timer);
      resolve({ outcome: "impossible", reason: `cannot run '${around[0]}': ${reasonOf(error)}` });
    });
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      if (stopped !== undefined) resolve({ outcome: "impossible", reason: stopped });
      else resolve(resultOf(text, runs.length, `it ended with ${signal ?? `status ${status}`}`));
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
  return { outcome: "impossible", reason: said?.trim().slice(0, LINE_LIMIT) ?? ended };
}

/** Characters of a reason. */
const LINE_LIMIT = 200;

/** A shell's words for a program that cannot be run, or is not there. */
const NOT_STARTED: ReadonlySet<number> = new Set([126, 127]);
