// One scene of the demo: from what the sandbox printed to who held which privileged port, and what its owner got.
import type { Protocol } from "../../core/config/types.ts";
import { type Socket, socketsOf } from "./sockets.ts";

/** What a plain bind() to the port gave its owner: that very port, or an errno's name. */
export type OwnerResult = { readonly port: number } | { readonly error: string };

export interface DemoScene {
  /** The program that ran, as /proc says. */
  readonly executable: string;
  /** Its sockets on ports 1 to 1023, ordered by protocol, family and port. */
  readonly sockets: readonly Socket[];
  readonly owner: Readonly<Record<Protocol, OwnerResult>>;
  /** What the program answered to a real client; empty where it serves none or there is no client. */
  readonly answers: readonly string[];
}

export type SceneResult =
  | { readonly kind: "played"; readonly scene: DemoScene }
  /** The program could not be started or took no privileged port; why, on one line. */
  | { readonly kind: "failed"; readonly reason: string };

const TABLES = [
  ["net tcp", "tcp", "inet"],
  ["net tcp6", "tcp", "inet6"],
  ["net udp", "udp", "inet"],
  ["net udp6", "udp", "inet6"],
] as const;

/** Reads sections, each headed by a line "== NAME". Throws an Error (a bug) when a section is not as the script prints it. */
export function readScene(text: string): SceneResult {
  const sections = new Map<string, string>();
  for (const section of text.split(/^== /m).slice(1)) {
    const end = section.indexOf("\n");
    sections.set(section.slice(0, end), section.slice(end + 1));
  }
  const failed = sections.get("failed");
  if (failed !== undefined) return { kind: "failed", reason: lines(failed).join("; ") || "it ended at once" };
  const part = (name: string): string => {
    const found = sections.get(name);
    if (found === undefined) throw new Error(`the scene has no section '${name}':\n${text}`);
    return found;
  };
  const inodes = new Set(lines(part("inodes")));
  return {
    kind: "played",
    scene: {
      executable: part("executable").trim(),
      sockets: TABLES.flatMap(([section, protocol, family]) =>
        socketsOf(part(section), protocol, family, inodes)
          .filter(({ port }) => port < 1024)
          .sort((a, b) => a.port - b.port),
      ),
      owner: { tcp: ownerResult(part("owner tcp")), udp: ownerResult(part("owner udp")) },
      answers: lines(sections.get("answers") ?? ""),
    },
  };
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}

function ownerResult(text: string): OwnerResult {
  const value: unknown = JSON.parse(text);
  if (typeof value === "object" && value !== null) {
    if ("port" in value && typeof value.port === "number") return { port: value.port };
    if ("error" in value && typeof value.error === "string") return { error: value.error };
  }
  throw new Error(`not an answer of the probe: ${text}`);
}

export interface DemoVerdict {
  /** Sockets of the program that sit on reserved ports. */
  readonly stolen: readonly Socket[];
  /** The owner got the port for both protocols. */
  readonly ownerServed: boolean;
}

/** What a scene shows about `port`, given the reserved ports of the table. */
export function judgeScene(
  scene: DemoScene,
  port: number,
  reserved: Readonly<Record<Protocol, readonly number[]>>,
): DemoVerdict {
  const got = (result: OwnerResult): boolean => "port" in result && result.port === port;
  return {
    stolen: scene.sockets.filter((socket) => reserved[socket.protocol].includes(socket.port)),
    ownerServed: got(scene.owner.tcp) && got(scene.owner.udp),
  };
}
