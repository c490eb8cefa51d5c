// Runs the example playbook of scripts/fleet/ansible as an administrator would, and reads what it says of each task on each host.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "../../../src/core/native.ts";
import { scratch } from "../../support/cli.ts";

export const ANSIBLE = path.join(packageRoot, "scripts/fleet/ansible");

export interface Play {
  /** Variables of all hosts, and of single ones. */
  readonly all: Readonly<Record<string, unknown>>;
  readonly hosts: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** For `ssh -F`. */
  readonly sshConfig: string;
  readonly options?: readonly string[];
}

export interface Played {
  readonly status: number | null;
  readonly output: string;
  /** The tasks that changed something, or would, by host. */
  readonly changed: Readonly<Record<string, readonly string[]>>;
  /** The last lines, as "ok=… changed=… …" by host. */
  readonly recap: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** What each host failed with. */
  readonly failed: Readonly<Record<string, string>>;
}

export async function play({ all, hosts, sshConfig, options = [] }: Play): Promise<Played> {
  const folder = scratch();
  // The parser of YAML reads JSON.
  const inventory = path.join(folder, "hosts.yml");
  writeFileSync(inventory, JSON.stringify({ all: { vars: all, hosts } }));
  mkdirSync(path.join(folder, "home"));
  const child = spawn(
    "ansible-playbook",
    [...options, "--inventory", inventory, path.join(ANSIBLE, "portreserve.yml")],
    {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOME: path.join(folder, "home"),
        LC_ALL: "C.UTF-8",
        ANSIBLE_LOCAL_TEMP: path.join(folder, "tmp"),
        ANSIBLE_NOCOLOR: "1",
        ANSIBLE_NOCOWS: "1",
        ANSIBLE_PIPELINING: "1",
        ANSIBLE_FORKS: "4",
        ANSIBLE_RETRY_FILES_ENABLED: "0",
        ANSIBLE_DISPLAY_SKIPPED_HOSTS: "0",
        ANSIBLE_SSH_ARGS: `-F ${sshConfig}`,
        ANSIBLE_SSH_CONTROL_PATH: `${path.dirname(sshConfig)}/%%n`,
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve(read(status, String(Buffer.concat(chunks)))));
  });
}

function read(status: number | null, output: string): Played {
  const changed: Record<string, string[]> = {};
  const failed: Record<string, string> = {};
  const recap: Record<string, Record<string, number>> = {};
  let task = "";
  for (const line of output.split("\n")) {
    task = /^(?:TASK|RUNNING HANDLER) \[(?:portreserve : )?(.*)\] \*+$/.exec(line)?.[1] ?? task;
    const did = /^changed: \[([^\]]+)\]/.exec(line)?.[1];
    if (did !== undefined) changed[did] = [...new Set([...(changed[did] ?? []), task])];
    const [, who, why] = /^(?:fatal|failed): \[([^\]]+)\].*? => (.*)$/.exec(line) ?? [];
    if (who !== undefined) failed[who] = `${task}: ${why}`;
    const [, host, counts] = /^(\S+) +: (ok=\d+ .*)$/.exec(line) ?? [];
    if (host !== undefined && counts !== undefined) {
      const pairs = counts.trim().split(/\s+/);
      recap[host] = Object.fromEntries(pairs.map((pair) => pair.split("=")).map(([key = "", n]) => [key, Number(n)]));
    }
  }
  return { status, output, changed, recap, failed };
}
