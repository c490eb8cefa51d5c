// The maker's end of a keeper (keeper.sh): what it is told, what it reports, and its end.
import { spawn } from "node:child_process";
import path from "node:path";

export interface Keeper {
  /** How often the guest has begun to boot so far. */
  readonly boots: () => number;
  /** The host's id of the first process of the boot after `earlier` ones. Throws, with the console, when the guest ends instead. */
  readonly booted: (earlier: number) => Promise<number>;
  /** The answer; throws, with the console, when the guest ends before it comes. */
  readonly orEnd: <T>(answer: Promise<T>) => Promise<T>;
  readonly console: () => string;
  /** Both return when nothing is left of the guest. */
  readonly powerOff: () => Promise<void>;
  readonly kill: () => Promise<void>;
}

/** How a guest is booted: by namespaces of our own, or by systemd-nspawn. */
export const ENGINES = ["unshare", "nspawn"] as const;
export type Engine = (typeof ENGINES)[number];

export interface KeeperRequest {
  /** The keeper takes it over, and removes it. */
  readonly stage: string;
  readonly lower: string;
  readonly engine: Engine;
  readonly services: "asked" | "installed";
  readonly devices: "one" | "many";
  /** Shown in the guest read-only, at their own paths. */
  readonly folders: readonly string[];
}

export function startKeeper({ stage, lower, engine, services, devices, folders }: KeeperRequest): Keeper {
  const script = path.join(import.meta.dirname, "keeper.sh");
  const xino = devices === "one" ? "on" : "off";
  const args = [script, stage, lower, engine, services, xino, ...folders];
  const child = spawn("unshare", ["--mount", "--propagation", "private", "bash", ...args], {
    cwd: "/",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
    // An interrupt from the terminal reaches the maker alone, whose end the keeper sees on its standard input.
    detached: true,
    stdio: ["pipe", "pipe", "pipe", "pipe"],
  });
  const leaders: number[] = [];
  const waiting = new Set<() => void>();
  let said = "";
  const hear = (index: number, onText: (text: string) => void): void => {
    (child.stdio[index] as NodeJS.ReadableStream).setEncoding("utf8").on("data", onText);
  };
  const note = (text: string): void => {
    said += text;
  };
  hear(1, note);
  hear(2, note);
  let events = "";
  hear(3, (text) => {
    const lines = (events + text).split("\n");
    events = lines.pop() ?? "";
    for (const line of lines) {
      const [word, value] = line.split(" ");
      if (word === "leader") leaders.push(Number(value));
      else note(`${line}\n`);
    }
    for (const wake of waiting) wake();
    waiting.clear();
  });
  const closed = new Promise<void>((resolve) => {
    child.on("error", (error) => {
      note(error.message);
      resolve();
    });
    child.on("close", () => resolve());
  });
  const gone = closed.then((): never => {
    throw new Error(`the guest has ended:\n${said}`);
  });
  // Most guests end while nobody waits for anything else.
  gone.catch(() => undefined);
  const orEnd: Keeper["orEnd"] = (answer) => Promise.race([answer, gone]);

  return {
    boots: () => leaders.length,
    booted: async (earlier) => {
      for (;;) {
        const leader = leaders[earlier];
        if (leader !== undefined) return leader;
        await orEnd(new Promise<void>((resolve) => waiting.add(resolve)));
      }
    },
    orEnd,
    console: () => said,
    powerOff: () => {
      child.kill("SIGUSR1");
      return closed;
    },
    kill: () => {
      child.stdin?.end();
      return closed;
    },
  };
}
