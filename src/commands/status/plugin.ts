// status --nagios: looks by another process of this program, so that no hang, end or fault of the look goes without an answer.
import type { Diagnostic } from "../../core/config/types.ts";
import type { Coverage } from "../../coverage/coverage.ts";
import { diagnosticCount } from "../../report/diagnostics.ts";
import { PLUGIN_CODES, type PluginResult, pluginFailure, pluginText } from "../../report/plugin.ts";
import type { Message, Report } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { killProgram, startProgram } from "../../system/start-program.ts";
import { whenStopped } from "../../system/stop-signals.ts";
import { asRootCommand } from "../this-command.ts";
import type { Context } from "../types.ts";
import { pluginResult } from "./plugin-result.ts";

/** Seconds; what asks gives up after 10 (check_nrpe) to 60 (Icinga). */
const DEFAULT_TIMEOUT = 10;
const LONGEST_TIMEOUT = 3600;
/** In bytes, of both streams of the look: what it says of a thousand processes has not one of these 64 MiB. */
const MOST_SAID = 64 * 1024 * 1024;

export async function plugin(context: Context): Promise<Report> {
  const seconds = secondsFrom(context.options.timeout);
  const stop = whenStopped();
  const look = startLook();
  const ended = await Promise.race([look.done, stop.within(seconds * 1000)]);
  if (typeof ended === "object") return reportOf(resultOf(ended, context));
  look.kill();
  const late = {
    summary: `no answer within ${seconds} s`,
    details: ["does something hang? -t SECONDS gives it longer"],
  };
  return reportOf({ state: "UNKNOWN", ...(ended ? { summary: "ended by a signal before all was looked at" } : late) });
}

function secondsFrom(text: string | undefined): number {
  if (text === undefined) return DEFAULT_TIMEOUT;
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= LONGEST_TIMEOUT) return seconds;
  throw new AppError("usage", `'${text}' is not a number of seconds`, `write 1 to ${LONGEST_TIMEOUT}`);
}

interface Ended {
  /** The exit status, the name of the signal, or why it was ended. */
  readonly how: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

function startLook(): { readonly done: Promise<Ended>; readonly kill: () => void } {
  const child = startProgram([process.execPath, process.argv[1] ?? "", "status", "--json"], {});
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  const text = (parts: readonly Buffer[]): string => Buffer.concat(parts).toString();
  const done = new Promise<Ended>((resolve) => {
    let room = MOST_SAID;
    const keepIn = (parts: Buffer[]) => (bytes: Buffer) => {
      room -= bytes.length;
      if (room >= 0) parts.push(bytes);
      else {
        killProgram(child);
        resolve({ how: `it said more than ${MOST_SAID / 1024 / 1024} MiB`, stdout: "", stderr: "" });
      }
    };
    child.stdout?.on("data", keepIn(stdout));
    child.stderr?.on("data", keepIn(stderr));
    child.on("error", (error) => resolve({ how: error.message, stdout: "", stderr: "" }));
    child.on("close", (status, signal) =>
      resolve({ how: status ?? signal ?? "?", stdout: text(stdout), stderr: text(stderr) }),
    );
  });
  return { done, kill: () => killProgram(child) };
}

type Document = Omit<Coverage, "owners" | "portsLeft"> & {
  readonly outcome: Report["outcome"];
  readonly messages: readonly Message[];
  readonly diagnostics: readonly Diagnostic[];
  readonly asRoot: boolean;
  readonly totals: { readonly owners: number; readonly leftTcp?: number; readonly leftUdp?: number };
};

function resultOf({ how, stdout, stderr }: Ended, context: Context): PluginResult {
  const document = documentOf(stdout, context);
  if (document === undefined) {
    return {
      state: "UNKNOWN",
      summary: typeof how === "number" ? `the look failed with exit code ${how}` : `the look failed: ${how}`,
      details: stderr.split("\n").filter((line) => line !== ""),
    };
  }
  if (document.outcome !== "done") return pluginFailure(document.messages[0] ?? { message: "the look failed" });
  const { asRoot, diagnostics, totals } = document;
  const { owners, leftTcp, leftUdp } = totals;
  const portsLeft = leftTcp === undefined || leftUdp === undefined ? undefined : { tcp: leftTcp, udp: leftUdp };
  const rejected = diagnosticCount(diagnostics, "error");
  return pluginResult({
    coverage: { ...document, owners, portsLeft },
    asRoot,
    rejected,
    verbose: context.options.verbose,
  });
}

/** What the document has as null is absent here. Its cure for what root alone can see is to run this command as root. */
function documentOf(text: string, context: Context): Document | undefined {
  const { options } = context;
  const cure = asRootCommand({
    ...context,
    options: { ...options, verbose: false, nagios: false, timeout: undefined, json: true },
  });
  const own = asRootCommand(context);
  try {
    return JSON.parse(text, (_, value) =>
      typeof value === "string" ? value.replaceAll(cure, own) : (value ?? undefined),
    );
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function reportOf(result: PluginResult): Report {
  return {
    command: "status",
    outcome: "done",
    exitCode: PLUGIN_CODES[result.state],
    diagnostics: [],
    body: [],
    text: pluginText(result),
    data: {},
  };
}
