// The agent's port: asks a machine to run scripts, one after the other.
import type { ChildProcess } from "node:child_process";
import type { Ran } from "../support/cli.ts";
import { PATIENCE, type Qemu } from "./qemu.ts";

export interface Agent {
  /** Runs a script for sh(1) as root. Throws, with the console, when there is no answer in time. */
  readonly run: (script: string, timeout?: number) => Promise<Ran>;
  /** The standard output of a script that must succeed. */
  readonly output: (script: string, timeout?: number) => Promise<string>;
}

/** It answers as soon as the machine has started the agent. */
export function agentOf({ child, gone, console, complaints }: Qemu): Agent {
  let end: string | undefined;
  void gone.then((reason) => {
    end = reason;
  });
  const told = (reason: string): Error => new Error(`${reason}\n${complaints()}${console.text()}`);
  const nextLine = lines(child);
  let last: Promise<unknown> = Promise.resolve();

  const ask = async (script: string, timeout: number): Promise<Ran> => {
    if (end !== undefined) throw told(end);
    // A port that nobody has opened in the machine keeps what it is sent.
    child.stdin?.write(`${Buffer.from(script).toString("base64")}\n`);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        // The answer may come yet, and would be taken for that to the next question.
        end = `no answer after ${timeout} ms: ${script}`;
        reject(told(end));
      }, timeout);
    });
    const ended = gone.then((reason): never => {
      throw told(reason);
    });
    ended.catch(() => undefined);
    try {
      const [status, stdout = "", stderr = ""] = (await Promise.race([nextLine(), late, ended])).split(" ");
      const text = (base64: string): string => Buffer.from(base64, "base64").toString();
      return { status: Number(status), stdout: text(stdout), stderr: text(stderr) };
    } finally {
      clearTimeout(timer);
    }
  };
  const run: Agent["run"] = (script, timeout = PATIENCE) => {
    const answer = last.then(() => ask(script, timeout));
    last = answer.catch(() => undefined);
    return answer;
  };
  return {
    run,
    output: async (script, timeout) => {
      const { status, stdout, stderr } = await run(script, timeout);
      if (status !== 0) throw new Error(`in the machine, status ${status}: ${script}\n${stdout}${stderr}`);
      return stdout;
    },
  };
}

/** Each call gives the next line of standard output, when it is there. */
function lines(child: ChildProcess): () => Promise<string> {
  const ready: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  let rest = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) {
      const next = waiting.shift();
      if (next === undefined) ready.push(line);
      else next(line);
    }
  });
  return () => {
    const line = ready.shift();
    return line === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(line);
  };
}
