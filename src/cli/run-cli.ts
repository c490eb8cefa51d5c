// From a command line to an exit code: parse, run the verb, write its report.
import type { Command, Context, Emission, Options } from "../commands/types.ts";
import { AddonMissing, AddonUnusable } from "../core/native.ts";
import { isJournal, withPriorities } from "../report/journal.ts";
import { PLUGIN_CODES, pluginFailure, pluginText } from "../report/plugin.ts";
import { CLEAR_SCREEN, progressLine, progressText } from "../report/progress.ts";
import { renderBlock, renderJson, renderMessage, renderText } from "../report/render.ts";
import { screenWidth } from "../report/screen-width.ts";
import { isScreen, wantsColor } from "../report/style.ts";
import { inLocale, useLocale } from "../report/symbols.ts";
import type { Message, Report } from "../report/types.ts";
import { isRead, writeStream } from "../report/write.ts";
import { AppError, errnoOf, fromSystem } from "../system/app-error.ts";
import { openRoot } from "../system/files/rooted.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { colorChoice, type Flags, optionsFrom } from "./options.ts";
import { parse } from "./parse.ts";
import { isPluginCall } from "./plugin-mode.ts";
import type { Verb } from "./verb.ts";

interface Color {
  readonly out: boolean;
  readonly err: boolean;
}

/** `version` is only called for it. Throws on bugs only. */
export async function runCli(argv: readonly string[], version: () => string): Promise<number> {
  useLocale(process.env);
  const parsed = parse(argv);
  const plugin = isPluginCall(argv);
  switch (parsed.kind) {
    case "help":
      // A service that is checked by the help is not fine.
      return written(inLocale(parsed.text), plugin ? PLUGIN_CODES.UNKNOWN : EXIT_CODES.done);
    case "version":
      return written(`${version()}\n`, plugin ? PLUGIN_CODES.UNKNOWN : EXIT_CODES.done);
    case "nothing":
      if (plugin) return failedPlugin({ message: "there is no verb", hint: "write 'portreservectl status --nagios'" });
      say(inLocale(parsed.text));
      return EXIT_CODES.usage;
    case "wrong": {
      const { command, hint } = parsed;
      const message = { severity: "error", message: parsed.message, hint } as const;
      if (plugin) return failedPlugin(message);
      if (parsed.json) {
        const report: Report = { command, outcome: "usage", diagnostics: [], messages: [message], body: [], data: {} };
        return written(renderJson(report, EXIT_CODES.usage), EXIT_CODES.usage);
      }
      say(renderMessage(message, colorFor(new Map()).err));
      return EXIT_CODES.usage;
    }
    case "verb":
      return runVerb(parsed.verb, parsed.flags, parsed.args);
    default:
      return parsed satisfies never;
  }
}

async function runVerb(verb: Verb, flags: Flags, args: readonly string[]): Promise<number> {
  const options = optionsFrom(flags);
  const color = colorFor(flags);
  const report = await reportOf(verb, options, args, color);
  const exitCode = report.exitCode ?? EXIT_CODES[report.outcome];
  if (report.written) return exitCode;
  const [fault] = report.messages ?? [];
  if (options.nagios && fault !== undefined) return failedPlugin(fault);
  if (options.json) return written(renderJson(report, exitCode), exitCode);
  const { out, err } = renderText(report, { verbose: options.verbose, color, width: screenWidth(process.env) });
  say(err);
  return written(out, exitCode);
}

function failedPlugin(message: Pick<Message, "message" | "hint">): number {
  return written(pluginText(pluginFailure(message)), PLUGIN_CODES.UNKNOWN);
}

/** An AppError becomes a report, so that --json has one document for it too. */
async function reportOf(verb: Verb, options: Options, args: readonly string[], color: Color): Promise<Report> {
  try {
    const command: Command = await verb.load();
    return await command(contextFor(verb.name, { ...options, root: openRoot(options.root) }, args, color));
  } catch (thrown) {
    const error = withCure(thrown);
    if (!(error instanceof AppError)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    const message = { severity: "error", message: error.message, ...hint } as const;
    return { command: verb.name, outcome: error.code, diagnostics: [], messages: [message], body: [], data: {} };
  }
}

/** Of the addon's door, which is too far down to know what helps. */
function withCure(thrown: unknown): unknown {
  if (thrown instanceof AddonMissing) return new AppError("incomplete", thrown.message, NO_ADDON, thrown);
  if (thrown instanceof AddonUnusable) return new AppError("incomplete", thrown.message, BAD_ADDON, thrown);
  return thrown;
}

const NO_ADDON =
  "install the package again; in a checkout, 'npm run build' makes them, and needs a C and C++ compiler, make and python3";
const BAD_ADDON =
  "install the package again; it runs where Node's own builds do, with glibc 2.28 or newer (getconf GNU_LIBC_VERSION)";

function contextFor(verb: string, options: Options, args: readonly string[], color: Color): Context {
  return {
    verb,
    options,
    args,
    progress: (message) => say(renderMessage(message, color.err)),
    show: (block) => {
      if (!options.json) tell(renderBlock(block, color.out, screenWidth(process.env)));
    },
    emit: (report, how) => emit(report, how, options, color),
    isRead: () => isRead(1),
    meter: meterFor(options),
  };
}

/** On a terminal the newest result takes the screen; elsewhere an empty line is between two of them. */
function emit(report: Report, how: Emission, options: Options, color: Color): boolean {
  if (options.json) return tell(renderJson(report, EXIT_CODES[report.outcome]));
  const { out, err } = renderText(report, { verbose: options.verbose, color, width: screenWidth(process.env) });
  say(err);
  const before = isScreen(1, process.env) ? CLEAR_SCREEN : how === "next" ? "\n" : "";
  return tell(`${before}${out}`);
}

function meterFor(options: Options): Context["meter"] {
  if (options.json || !isScreen(2, process.env)) return () => {};
  const line = progressLine(say, Date.now);
  return (progress) => line(progress === undefined ? undefined : progressText(progress));
}

/** Asked for when something is painted: Node loads its streams for it, which JSON does without. */
function colorFor(flags: Flags): Color {
  const choice = colorChoice(flags) ?? "auto";
  return {
    get out() {
      return wantsColor(1, process.env, choice);
    },
    get err() {
      return wantsColor(2, process.env, choice);
    },
  };
}

/** With the priorities of its messages where the journal reads it. */
export function forStandardError(text: string): string {
  return isJournal(process.env) ? withPriorities(text) : text;
}

/** Standard error: that nobody can read it changes nothing about the result. */
function say(text: string): void {
  try {
    writeStream(2, forStandardError(text));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/** Standard output. False if nobody reads it any more. Throws AppError. */
function tell(text: string): boolean {
  try {
    return writeStream(1, text);
  } catch (error) {
    throw fromSystem(error, "cannot write the result to standard output");
  }
}

/** The exit code, or that of a result that could not be written. */
function written(text: string, exitCode: number): number {
  try {
    tell(text);
    return exitCode;
  } catch (failure) {
    if (!(failure instanceof AppError)) throw failure;
    say(renderMessage({ severity: "error", message: failure.message }, false));
    return EXIT_CODES.incomplete;
  }
}
