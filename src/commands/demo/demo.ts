// demo: a reserved port is stolen in a throwaway sandbox, and then, with the shim, it is not; the same with a thief that
// no preload reaches, and a hold. Every line was observed.
import { configure } from "../../core/config/configure.ts";
import type { Inputs } from "../../core/config/types.ts";
import { holdText } from "../../core/hold/hold-text.ts";
import { native } from "../../core/native.ts";
import { type TableContent, tableContent } from "../../core/table/content.ts";
import type { Report } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { holderFile } from "../../system/host/holder-program.ts";
import { shimForPreload } from "../../system/host/shim-file.ts";
import { ownCommand } from "../../system/own-command.ts";
import { OWNERS_FOLDER } from "../../system/paths.ts";
import type { SandboxKind } from "../../system/sandbox/sandbox.ts";
import { sandboxSupport } from "../../system/sandbox/sandbox-support.ts";
import type { Command } from "../types.ts";
import { DISTRIBUTION_FILES } from "./distribution-files.ts";
import { pidAskingFirstFor } from "./first-port.ts";
import { playScene, type SceneRequest, STATIC_THIEF, THIEVES, type Thief } from "./run-scene.ts";
import { judgeScene, readScene } from "./scene.ts";
import { type Act, type ActName, actLines, closingLines, type DemoSetting, demoJson, openingLines } from "./text.ts";

/** The port that CUPS lost. */
const PORT = 631;

export const demo: Command = async ({ options, show }): Promise<Report> => {
  const preload = shimForPreload();
  const support = await sandboxSupport();
  if (!support.works) throw new AppError("incomplete", `cannot make a sandbox: ${support.reason}`, support.hint);

  const content = tableContent(configure(distributionInputs()));
  const stage = stageFor(support.kind, content);
  const { without, ...cast } = await castThief(support.kind, stage, content);
  const setting: DemoSetting = { port: PORT, pid: stage.pid, content, ...cast };
  show({ kind: "lines", lines: openingLines(setting, options.verbose) });
  show({ kind: "lines", lines: actLines(setting, without, options.verbose) });

  const play = async (act: ActName, request: SceneRequest): Promise<Act> => {
    const result = readScene(await playScene(request));
    if (result.kind === "failed") {
      throw new AppError("incomplete", `'${request.thief.name}' did not run ${WITH[act]}: ${result.reason}`);
    }
    const played: Act = { act, scene: result.scene, verdict: judgeScene(result.scene, PORT, content) };
    show({ kind: "lines", lines: actLines(setting, played, options.verbose) });
    return played;
  };
  const withShim = await play("shim", { ...stage, thief: cast.thief, preload });
  const beyond = { ...stage, thief: STATIC_THIEF, preload, ownerShares: true };
  const unreached = await play("static", beyond);
  const held = await play("held", { ...beyond, holder: holderFile() });

  const shown = isTheft(without) && isTheft(unreached);
  const prevented = [withShim, held].every(({ verdict }) => verdict.stolen.length === 0 && verdict.ownerServed);
  const again = { asUser: ownCommand(false), asRoot: ownCommand(true) };
  return {
    command: "demo",
    outcome: shown && prevented ? "done" : "no",
    diagnostics: [],
    body: [{ kind: "lines", lines: closingLines(setting, shown, prevented, again) }],
    data: demoJson(setting, support.kind, { without, withShim, unreached, held, shown, prevented }),
  };
};

const WITH = {
  without: "without the shim",
  shim: "with the shim",
  static: "with the shim",
  held: "beside the hold",
} as const;

function distributionInputs(): Inputs {
  return {
    owners: DISTRIBUTION_FILES.map(({ owner, content }) => ({
      owner,
      path: `${OWNERS_FOLDER}/${owner}`,
      bytes: Buffer.from(content),
    })),
    // Names come from the built-in list, so that the demo is the same everywhere.
    services: undefined,
    blacklist: undefined,
    problems: [],
  };
}

type Stage = Omit<SceneRequest, "thief">;

function stageFor(kind: SandboxKind, content: TableContent): Stage {
  const files = DISTRIBUTION_FILES.map((file) => [`portreserve/${file.owner}`, file.content] as const);
  const table = native().encodeTable({ ...content, generation: 1n });
  const held = (["tcp", "udp"] as const).map((protocol) => ({ kind: "hold", protocol, port: PORT }) as const);
  const etc = { ...Object.fromEntries(files), "portreserve.table": table, "portreserve.hold": holdText(held) };
  const plain = { preload: undefined, holder: undefined, ownerShares: false };
  return { kind, pid: pidAskingFirstFor(PORT), port: PORT, etc, ...plain };
}

/** The first thief that steals the port without the shim; the last one on the list plays in any case, whatever it gets. */
async function castThief(
  kind: SandboxKind,
  stage: Stage,
  content: TableContent,
): Promise<{ thief: Thief; passedOver: DemoSetting["passedOver"]; without: Act }> {
  const passedOver: { name: string; reason: string }[] = [];
  for (const [index, thief] of THIEVES.entries()) {
    if (thief.daemon && kind === "user") {
      passedOver.push({ name: thief.name, reason: "real daemons need root" });
      continue;
    }
    const last = index === THIEVES.length - 1;
    const result = readScene(await playScene({ ...stage, thief }));
    if (result.kind === "failed") {
      if (last) throw new AppError("incomplete", `cannot start a program with a chosen process id: ${result.reason}`);
      passedOver.push({ name: thief.name, reason: result.reason });
      continue;
    }
    const without: Act = { act: "without", scene: result.scene, verdict: judgeScene(result.scene, PORT, content) };
    if (last || isTheft(without)) return { thief, passedOver, without };
    passedOver.push({ name: thief.name, reason: `it did not ask for ${PORT}` });
  }
  throw new Error("there is no last thief");
}

function isTheft({ verdict }: Act): boolean {
  return verdict.stolen.some(({ port }) => port === PORT) && !verdict.ownerServed;
}
