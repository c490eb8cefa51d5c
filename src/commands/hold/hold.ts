// hold: ports that nobody can take but their owner, or with --block nobody at all. Asks first whether the owner could live with it.
import type { Diagnostic } from "../../core/config/types.ts";
import { placeText } from "../../core/hold/port-lines.ts";
import { counted } from "../../core/text.ts";
import { readSources } from "../../observe/read-sources.ts";
import type { Block, Json, Line, Message, Outcome, Report } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { commandLine, shellWord } from "../../system/command-text.ts";
import { arrow } from "../coverage/words.ts";
import { holdLines } from "../hold-file/words.ts";
import { withShared } from "../hold-share/apply.ts";
import { planShare, type SharePlan } from "../hold-share/plan.ts";
import { shareNotes } from "../hold-share/restart.ts";
import { changesJson, diffBlock } from "../install/report.ts";
import { needRoot } from "../need-root.ts";
import { asRootCommand } from "../this-command.ts";
import type { Command, Context, Options } from "../types.ts";
import { underLock } from "../under-lock.ts";
import { type Answer, REFUSES } from "./answers.ts";
import { applySteps, planSteps, type Steps, unitText } from "./apply.ts";
import { askedPorts } from "./asked.ts";
import { planWords } from "./edits.ts";
import { askGate } from "./gate.ts";
import { awaitOutcomes, isGood, outcomeRow, type PortOutcome } from "./outcome.ts";

export const hold: Command = async (context): Promise<Report> => {
  const { options } = context;
  checkShare(options);
  if (!options.dryRun) needRoot(context);
  if (options.dryRun) return holdOnce(context);
  const dry: Context = { ...context, options: { ...options, dryRun: true } };
  const first = options.root === "/" ? undefined : await holdOnce(dry);
  const refused = first === undefined || first.outcome === "done" ? undefined : first;
  return underLock(
    context,
    () => holdOnce(context),
    () => (refused === undefined ? undefined : { ...refused, data: { ...refused.data, dryRun: false } }),
  );
};

/** Throws AppError for options that only make sense with others. */
function checkShare({ share, now, units, block }: Options): void {
  if (share && block) {
    const hint = "'--share' is for an owner that is to have the port, and '--block' for a port without one";
    throw new AppError("usage", "'--share' and '--block' exclude each other", hint);
  }
  const [lone] = share ? [] : [...(units.length > 0 ? ["--unit"] : []), ...(now ? ["--now"] : [])];
  if (lone === undefined) return;
  throw new AppError("usage", `'${lone}' needs '--share'`, "it says which service gets the share library, and when");
}

async function holdOnce(context: Context): Promise<Report> {
  const { options } = context;
  const sources = readSources(options, "may miss");
  const asked = askedPorts(context, sources);
  const gate = askGate(context, asked, sources);
  const share = options.share ? planShare(options, gate.answers) : undefined;
  const { wanted } = gate;
  const { answers } = share ?? gate;
  const kind = options.block ? "block" : "hold";
  const said: Said = { context, answers, share };
  if (share !== undefined && share.refusals.length > 0) return shareRefused(said, share);
  const refusing = answers.filter(({ answer }) => REFUSES[answer]);
  if (refusing.length > 0) return refusedReport(said, gateRefusal(context, answers, refusing));
  const switches = [...(options.block ? ["--block"] : []), ...(options.unchecked ? ["--unchecked"] : [])];
  const words = [context.verb, ...context.args, ...switches].map(shellWord);
  const plan = planWords(sources, wanted, kind, `# written by 'portreservectl ${words.join(" ")}'`);
  const steps = planSteps(options, plan);
  if ("outcome" in steps) return refusedReport(said, steps);
  const held = plan.sources.held;
  if (options.dryRun) {
    const lines = [...holdLines(steps.hold, held, true), ...unitText(steps.unit, options.root, true)];
    const changes = [...(share?.changes ?? []), ...steps.files, ...steps.unitFiles];
    const messages = share === undefined ? [] : share.notes;
    return reportOf(said, steps, "done", { blocks: [diffBlock(changes), asLines(lines)], messages });
  }
  const hold = (): Report => applySteps(options, steps);
  const done = share === undefined ? { result: hold(), notes: [] } : withShared(options.root, share, hold);
  const compiled = done.result;
  const files = [...(share?.changes ?? []), ...steps.files];
  const written = files.flatMap((one) => (one.kind === "write-file" ? [`written: '${one.path}'`] : []));
  const blocks = [asLines(written), ...compiled.body, asLines(unitText(steps.unit, options.root, false))];
  const first = options.root === "/" ? await awaitOutcomes(expected(answers), kind) : [];
  const shared = share === undefined || options.root !== "/" ? [] : shareNotes(share, options.now);
  // What could not be held beside its owner can be after that owner's restart.
  const again = options.now && shared.length > 0 && !first.every(isGood);
  const outcomes = again ? await awaitOutcomes(expected(answers), kind) : first;
  const isDone = outcomes.every(isGood) && shared.every(({ severity }) => severity !== "error");
  return reportOf(said, steps, isDone ? "done" : "no", {
    blocks: [...blocks, outcomeBlock(context, answers, outcomes)],
    outcomes,
    messages: [...compileMessages(said, compiled), ...(share?.notes ?? []), ...done.notes, ...shared],
    diagnostics: compiled.diagnostics,
  });
}

/** Beside what is said of services its notes are too much. */
function compileMessages({ share }: Said, { messages = [] }: Report): readonly Message[] {
  return share === undefined ? messages : messages.filter(({ severity }) => severity !== "note");
}

function expected(answers: readonly Answer[]) {
  return answers
    .filter(({ answer }) => answer !== "unused")
    .map(({ port, protocol, answer }) => ({
      port,
      protocol,
      mayWait: answer === "stolen" || answer === "unchecked" || answer === "already",
    }));
}

interface Said {
  readonly context: Context;
  readonly answers: readonly Answer[];
  /** With --share. */
  readonly share: SharePlan | undefined;
}

function shareRefused(said: Said, { refusals }: SharePlan): Report {
  const [first, ...others] = refusals;
  const last = first === undefined ? [] : [{ ...first, message: `${first.message}; nothing was changed` }];
  return reportOf(said, undefined, "unsafe", { blocks: [], messages: [...others, ...last] });
}

function gateRefusal(
  context: Context,
  answers: readonly Answer[],
  refusing: readonly Answer[],
): { readonly outcome: Outcome; readonly message: Message } {
  const { options } = context;
  const what = options.block ? "blocked" : "held";
  const good = answers.filter(({ answer }) => answer === "can" || answer === "shared" || answer === "stolen");
  const share = good.some(({ answer }) => answer === "shared") ? ["--share", ...options.units.flatMap(unitWords)] : [];
  const words = [...good.map(placeText), ...(options.block ? ["--block"] : []), ...share];
  const rest = `hold ${words.join(" ")}`;
  const unseen = refusing.every(({ answer }) => answer === "unknown");
  const unsure = refusing.every(({ answer }) => answer === "unknown" || answer === "down");
  const [only] = refusing;
  const count =
    refusing.length === 1 && only !== undefined
      ? placeText(only)
      : `${refusing.length} of ${counted(answers.length, "port")}`;
  const message = `nothing was changed: ${unsure ? "it is not known whether " : ""}${count} ${unsure ? "can" : "cannot"} be ${what}`;
  const unknown = refusing.find(({ answer }) => answer === "down" || answer === "unknown")?.hint;
  const hint = refusing.some(({ rootWould }) => rootWould)
    ? `run '${asRootCommand(context)}'`
    : (unknown ?? (good.length > 0 ? `for the others run 'sudo ${commandLine(options.root, rest)}'` : undefined));
  return {
    outcome: unseen ? "incomplete" : "unsafe",
    message: { severity: "error", message, ...(hint === undefined ? {} : { hint }) },
  };
}

function refusedReport(
  said: Said,
  { outcome, message }: { readonly outcome: Outcome; readonly message: Message },
): Report {
  return reportOf(said, undefined, outcome, { blocks: [], messages: [message] });
}

function unitWords(unit: string): readonly string[] {
  return ["--unit", shellWord(unit)];
}

interface Rest {
  readonly blocks: readonly Block[];
  readonly outcomes?: readonly PortOutcome[];
  readonly messages?: readonly Message[];
  readonly diagnostics?: readonly Diagnostic[];
}

/** `steps`: undefined where it was refused. */
function reportOf(
  { context: { options }, answers, share }: Said,
  steps: Steps | undefined,
  outcome: Outcome,
  { blocks, outcomes = [], messages = [], diagnostics = [] }: Rest,
): Report {
  const shared = steps === undefined ? [] : (share?.changes ?? []);
  const changes = [...shared, ...(steps?.files ?? []), ...(steps?.unitFiles ?? [])];
  return {
    command: "hold",
    outcome,
    diagnostics,
    ...(share === undefined ? { quiet: ["note"] } : {}),
    messages,
    body: [{ kind: "columns", rows: answers.map(answerRow) }, ...blocks],
    data: {
      dryRun: options.dryRun,
      kind: options.block ? "block" : "hold",
      result: resultOf(steps, options.dryRun, shared.length > 0),
      ports: answers.map((answer) => portJson(answer, outcomes)),
      changes: changesJson(changes, options.dryRun),
      unit: steps?.unit ?? "none",
      shared: [...(share?.units ?? [])],
    },
  };
}

export function resultOf(
  steps: Steps | undefined,
  dryRun: boolean,
  more: boolean,
): "refused" | "unchanged" | "planned" | "written" {
  if (steps === undefined) return "refused";
  const holdChanges = steps.hold.kind === "write" || steps.hold.kind === "remove";
  if (steps.files.length === 0 && steps.unit === "none" && !holdChanges && !more) return "unchanged";
  return dryRun ? "planned" : "written";
}

function answerRow(answer: Answer): readonly Line[] {
  const tone = REFUSES[answer.answer]
    ? "bad"
    : answer.answer === "can" || answer.answer === "shared" || answer.answer === "already"
      ? "good"
      : "warn";
  // What would help is the same for all of these, and said once.
  const once = answer.answer === "down" || answer.answer === "unknown";
  return [placeText(answer), [{ text: answer.text, tone }, arrow(once ? undefined : answer.hint)]];
}

function outcomeBlock(context: Context, answers: readonly Answer[], outcomes: readonly PortOutcome[]): Block {
  const rows = outcomes.map((outcome) => {
    const stolen = answers.some((one) => one.answer === "stolen" && placeText(one) === placeText(outcome));
    const reclaim = stolen ? `sudo portreservectl reclaim ${placeText(outcome)}` : undefined;
    return outcomeRow(outcome, context.options.block ? "block" : "hold", reclaim);
  });
  return { kind: "columns", rows };
}

function asLines(lines: readonly Line[]): Block {
  return { kind: "lines", lines };
}

function portJson(answer: Answer, outcomes: readonly PortOutcome[]): Json {
  const outcome = outcomes.find((one) => placeText(one) === placeText(answer));
  return {
    port: answer.port,
    protocol: answer.protocol,
    answer: answer.answer,
    text: answer.text,
    hint: answer.hint ?? null,
    users: answer.users.map(({ name, pid, unit }) => ({ name, pid: pid ?? null, unit: unit ?? null })),
    outcome: outcome?.result ?? null,
    error: outcome?.error ?? null,
  };
}
