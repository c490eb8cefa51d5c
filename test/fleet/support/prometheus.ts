// Debian's Prometheus on loopback, with the alerts that administrators get, faster: what it says of them, and its end.
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { packageRoot } from "../../../src/core/native.ts";

export const RULES = path.join(packageRoot, "scripts/fleet/prometheus/portreserve.rules.yml");

/** The alerts, each after seconds instead of minutes; what they ask for is as it was. */
export function quickRules(): string {
  return readFileSync(RULES, "utf8").replace(/^( +for:) .*$/gm, "$1 2s");
}

/** The file that Prometheus is started with; `targets` is the file of what it scrapes. */
export function configText({ rules, targets }: { readonly rules: string; readonly targets: string }): string {
  return `global: { scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 1s }
rule_files: ["${rules}"]
scrape_configs:
  - job_name: node
    file_sd_configs: [{ files: ["${targets}"] }]
`;
}

export interface Target {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface Labels {
  readonly [name: string]: string;
}

export interface Prometheus {
  /** The labels of each sample that a query gives. */
  readonly query: (query: string) => Promise<readonly Labels[]>;
  readonly stop: () => Promise<void>;
}

/** Throws, with what it said, where it does not start. */
export async function startPrometheus(targets: readonly Target[]): Promise<Prometheus> {
  const folder = mkdtempSync(path.join(tmpdir(), "portreserve-prometheus-"));
  const file = (name: string, text = ""): string => {
    writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const rules = file("rules.yml", quickRules());
  const config = file("prometheus.yml", configText({ rules, targets: file("targets.json", JSON.stringify(targets)) }));
  const port = await freePort();
  const log = openSync(file("log"), "a");
  const child = spawn(
    "prometheus",
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${path.join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ],
    { stdio: ["ignore", log, log] },
  );
  closeSync(log);
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const query = async (text: string): Promise<readonly Labels[]> => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(text)}`);
    const { data, error } = (await answer.json()) as Answer;
    if (data === undefined) throw new Error(`${text}: ${error}`);
    return data.result.map(({ metric }) => metric);
  };
  for (let attempt = 0; ; attempt++) {
    const isReady = await fetch(`http://127.0.0.1:${port}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return { query, stop };
    if (attempt === 300 || child.exitCode !== null) {
      const said = readFileSync(path.join(folder, "log"), "utf8");
      await stop();
      throw new Error(`prometheus did not start:\n${said}`);
    }
    await setTimeout(100);
  }
}

interface Answer {
  readonly data?: { readonly result: readonly { readonly metric: Labels }[] };
  readonly error?: string;
}

/** One that nobody has now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
