// From a command line to an exit code: parse, run the verb, write its report.
import type { Command, Context, Options } from "../commands/types.ts";
import { AddonMissing } from "../core/native.ts";
import { renderBlock, renderJson, renderMessage, renderText } from "../report/render.ts";
import { wantsColor } from "../report/style.ts";
import type { Report } from "../report/types.ts";
import { writeStream } from "../report/write.ts";
import { AppError, fromSystem } from "../system/app-error.ts";
import { openRoot } from "../system/rooted.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { type Flags, optionsFrom } from "./options.ts";
import { parse } from "./parse.ts";
import type { Verb } from "./registry.ts";

interface Color {
  readonly out: boolean;
  readonly err: boolean;
}

/** `version` is only called for it. Throws on bugs only. */
export async function runCli(argv: readonly string[], version: () => string): Promise<number> {
  const parsed = parse(argv);
  switch (parsed.kind) {
    case "help":
      return written(1, parsed.text, EXIT_CODES.done);
    case "version":
      return written(1, `${version()}\n`, EXIT_CODES.done);
    case "nothing":
      return written(2, parsed.text, EXIT_CODES.usage);
    case "wrong": {
      const message = { severity: "error", message: parsed.message, hint: parsed.hint } as const;
      return written(2, renderMessage(message, colorFor({}).err), EXIT_CODES.usage);
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
  const exitCode = EXIT_CODES[report.outcome];
  if (options.json) return written(1, renderJson(report, exitCode), exitCode);
  const { out, err } = renderText(report, { verbose: options.verbose, color });
  writeStream(2, err);
  return written(1, out, exitCode);
}

/** An AppError becomes a report, so that --json has one document for it too. */
async function reportOf(verb: Verb, options: Options, args: readonly string[], color: Color): Promise<Report> {
  try {
    const command: Command = await verb.load();
    return await command(contextFor({ ...options, root: openRoot(options.root) }, args, color));
  } catch (thrown) {
    const error =
      thrown instanceof AddonMissing ? new AppError("incomplete", thrown.message, NO_ADDON, thrown) : thrown;
    if (!(error instanceof AppError)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    const message = { severity: "error", message: error.message, ...hint } as const;
    return { command: verb.name, outcome: error.code, diagnostics: [], messages: [message], body: [], data: {} };
  }
}

const NO_ADDON = "in a checkout, 'npm run build' makes them; it needs a C and C++ compiler, make and python3";

function contextFor(options: Options, args: readonly string[], color: Color): Context {
  return {
    options,
    args,
    progress: (message) => writeStream(2, renderMessage(message, color.err)),
    show: (block) => {
      if (!options.json) writeStream(1, renderBlock(block, color.out));
    },
  };
}

function colorFor(flags: Flags): Color {
  const allowed = flags.color ?? true;
  return { out: wantsColor(1, process.env, allowed), err: wantsColor(2, process.env, allowed) };
}

/** The exit code, or that of a result that could not be written. */
function written(descriptor: 1 | 2, text: string, exitCode: number): number {
  try {
    writeStream(descriptor, text);
    return exitCode;
  } catch (error) {
    const failure = fromSystem(error, "cannot write the result to standard output");
    if (!(failure instanceof AppError)) throw failure;
    writeStream(2, renderMessage({ severity: "error", message: failure.message }, false));
    return EXIT_CODES.incomplete;
  }
}
