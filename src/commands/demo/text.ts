// The words of the demo: what is on the stage, what happened in each act, and what was proven.

import type { TableContent } from "../../core/table/content.ts";
import type { Json, Line, Span, Tone } from "../../report/types.ts";
import { OWNERS_FOLDER } from "../../system/paths.ts";
import type { SandboxKind } from "../../system/sandbox/sandbox.ts";
import { DISTRIBUTION_FILES } from "./distribution-files.ts";
import { STATIC_THIEF, type Thief } from "./run-scene.ts";
import type { DemoScene, DemoVerdict, OwnerResult } from "./scene.ts";
import { type Socket, socketText } from "./sockets.ts";

/** In the order in which they are played. */
export type ActName = "without" | "shim" | "static" | "held";

/** One scene, and what it shows. */
export interface Act {
  readonly act: ActName;
  readonly scene: DemoScene;
  readonly verdict: DemoVerdict;
}

/** Everything that the texts are made from. */
export interface DemoSetting {
  readonly port: number;
  readonly pid: number;
  readonly content: TableContent;
  readonly thief: Thief;
  /** Why the more telling thieves were passed over, in the order they were tried. */
  readonly passedOver: readonly { readonly name: string; readonly reason: string }[];
}

const tone = (text: string, name: Tone): Span => ({ text, tone: name });

/** A line of an act: what, then the facts. */
const fact = (label: string, ...spans: readonly Span[]): Line => [`     ${label.padEnd(12)}`, ...spans];

export function openingLines({ port, content, thief, passedOver }: DemoSetting, verbose: boolean): Line[] {
  const ports = new Set([...content.tcp, ...content.udp]).size;
  return [
    tone(`How port ${port} is stolen, and how it is not`, "strong"),
    "",
    "All of this happens in a throwaway sandbox with its own processes, network and",
    "configuration. Nothing on this machine changes.",
    "",
    [
      "   reserved     ",
      tone(`${ports} ports`, "strong"),
      ` by ${DISTRIBUTION_FILES.length} files that distributions really shipped;`,
    ],
    `                'cups' says 'ipp', which is ${port} for TCP and UDP`,
    ...(verbose ? fileLines() : []),
    ["   the thief    ", tone(thief.name, "strong"), `, ${thief.about}`],
    ...passedOverLines(passedOver),
    "",
  ];
}

function fileLines(): Line[] {
  return DISTRIBUTION_FILES.map(({ owner, source, content }) =>
    tone(`                ${owner.padEnd(14)}${content.trim().replaceAll("\n", " ").padEnd(31)}${source}`, "dim"),
  );
}

/** Each reason once, with the programs it goes for. */
function passedOverLines(passedOver: DemoSetting["passedOver"]): Line[] {
  const reasons = new Map<string, string[]>();
  for (const { name, reason } of passedOver) reasons.set(reason, [...(reasons.get(reason) ?? []), name]);
  return [...reasons].map(([reason, names]) => tone(`                not ${names.join(", ")}: ${reason}`, "dim"));
}

function headingLines({ port, pid }: DemoSetting, act: ActName): Line[] {
  switch (act) {
    case "without":
      return [
        tone("1  Without the shim", "strong"),
        `   process ${pid} asks libc for any privileged port; libc begins at`,
        `   600 + ${pid} % 424 = ${600 + (pid % 424)}`,
      ];
    case "shim":
      return [tone("2  With the shim (LD_PRELOAD)", "strong"), "   the same program with the same process id"];
    case "static":
      return [
        tone("3  A thief that no preload reaches", "strong"),
        `   ${STATIC_THIEF.name}, ${STATIC_THIEF.about},`,
        "   with the shim in its environment",
      ];
    case "held":
      return [
        tone(`4  With ${port} held (portreserve-hold)`, "strong"),
        "   the same program; the owner has SO_REUSEADDR, as nearly every server",
      ];
    default:
      return act satisfies never;
  }
}

export function actLines(setting: DemoSetting, act: Act, verbose: boolean): Line[] {
  const { port } = setting;
  const thief = act.act === "static" || act.act === "held" ? STATIC_THIEF : setting.thief;
  return [
    ...headingLines(setting, act.act),
    ...act.scene.sockets.map((socket, index) =>
      fact(index === 0 ? "it got" : "", ...socketSpans(socket, act.verdict.stolen)),
    ),
    ...act.scene.answers.map((answer, index) => fact(index === 0 ? "it serves" : "", answer)),
    fact(
      "the owner",
      ...ownerSpans(port, "tcp", act.scene.owner.tcp),
      ", ",
      ...ownerSpans(port, "udp", act.scene.owner.udp),
    ),
    ...(verbose
      ? [fact("it was", tone(act.scene.executable, "dim")), fact("started as", tone(thief.command.join(" "), "dim"))]
      : []),
    "",
  ];
}

function socketSpans(socket: Socket, stolen: readonly Socket[]): Span[] {
  const text = socketText(socket);
  return stolen.includes(socket) ? [tone(text, "bad"), ", reserved: ", tone("stolen", "bad")] : [tone(text, "good")];
}

function ownerSpans(port: number, protocol: string, result: OwnerResult): Span[] {
  return "port" in result
    ? [tone(`gets ${result.port}/${protocol}`, "good")]
    : [tone(`is refused ${port}/${protocol}`, "bad"), ` (${result.error})`];
}

/** `again`: how the reader calls this program, as itself and as root. */
export function closingLines(
  { port, thief }: DemoSetting,
  shown: boolean,
  prevented: boolean,
  again: { readonly asUser: string; readonly asRoot: string },
): Line[] {
  if (!shown || !prevented) {
    const what = shown ? "the theft was shown, but not prevented" : "the theft could not be shown";
    return [[tone("Not proven", "bad"), `: ${what}`]];
  }
  return [
    [tone("Proven", "good"), `: left alone, ${thief.name} takes port ${port} from its owner.`],
    "With the shim it takes another port, and the owner gets its own.",
    "What no preload reaches is kept out by a hold, which its owner does not notice.",
    "",
    "Go on with",
    `   ${again.asUser} status`,
    "      what can take a reserved port of this host, and what has one",
    `   ${again.asUser} help hold`,
    "      how nothing at all can take the ports of a service",
    `   ${again.asRoot} install`,
    `      every program of this host keeps off what ${OWNERS_FOLDER} reserves`,
  ];
}

export interface DemoOutcome {
  readonly without: Act;
  readonly withShim: Act;
  readonly unreached: Act;
  readonly held: Act;
  readonly shown: boolean;
  readonly prevented: boolean;
}

export function demoJson(
  setting: DemoSetting,
  kind: SandboxKind,
  outcome: DemoOutcome,
): { readonly [key: string]: Json } {
  const { port, pid, content, thief, passedOver } = setting;
  return {
    port,
    pid,
    sandbox: kind === "user" ? "user namespace" : "root",
    reserved: { tcp: content.tcp, udp: content.udp },
    thief: { name: thief.name, command: thief.command, daemon: thief.daemon },
    passedOver: passedOver.map(({ name, reason }) => ({ name, reason })),
    withoutShim: actJson(outcome.without),
    withShim: actJson(outcome.withShim),
    staticThief: { name: STATIC_THIEF.name, command: STATIC_THIEF.command },
    staticWithShim: actJson(outcome.unreached),
    staticWithHold: actJson(outcome.held),
    theftShown: outcome.shown,
    theftPrevented: outcome.prevented,
  };
}

function actJson({ scene, verdict }: Act): Json {
  return {
    executable: scene.executable,
    sockets: scene.sockets.map((socket) => ({ ...socket, stolen: verdict.stolen.includes(socket) })),
    owner: { tcp: { ...scene.owner.tcp }, udp: { ...scene.owner.udp } },
    answers: scene.answers,
  };
}
