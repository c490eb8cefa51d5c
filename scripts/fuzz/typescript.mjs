// Targets in TypeScript: bundled, and run in a thread that is watched, so that a loop without an end or a memory that
// fills up is a finding too.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { rolldown } from "rolldown";
import { root } from "../step.mjs";
import { cache, treeWith } from "./planted.mjs";

/** One case may take this long before it counts as one that never ends; for slow and busy machines. In seconds. */
const PATIENCE = 60;
/** Where one is planted, there is nothing to be patient for. */
const PATIENCE_WITH_PLANT = 15;

/** The largest that the thread may grow, in MiB: hundreds of times what a case takes. */
const HEAP = 1024;

async function bundled(name, id, plant) {
  const file = path.join(cache, "bundles", `${id}.mjs`);
  const input = path.join(treeWith(id, plant), "test", "fuzz", `${name}.ts`);
  const bundle = await rolldown({ input, platform: "node", external: ["fast-check"], cwd: root, logLevel: "silent" });
  await bundle.write({ file, format: "esm", codeSplitting: false, sourcemap: false });
  await bundle.close();
  return file;
}

/** What asks this machine's ld.so, for the target that compares with it. */
export function buildHelpers() {
  mkdirSync(cache, { recursive: true });
  const flags = ["-std=c11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Wconversion", "-Werror"];
  const done = spawnSync("cc", [...flags, "test/fuzz/ld-so.c", "-o", path.join(cache, "ld-so")], {
    cwd: root,
    encoding: "utf8",
  });
  if (done.status !== 0) throw new Error(`test/fuzz/ld-so.c does not compile: ${done.stderr ?? done.error}`);
}

/** Fuzzes for so long, or runs with `replay` (a seed and fast-check's path) one case alone. */
export async function fuzzTypeScript(target, { id, seconds, plant, seed, replay }) {
  const file = await bundled(target.name, id, plant);
  // [cases so far, round]: what the thread is at, should it never come back.
  const progress = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(new URL("worker.mjs", import.meta.url), {
    workerData: { file, seconds, seed, replay, progress },
    resourceLimits: { maxOldGenerationSizeMb: HEAP },
  });
  const patience = 1000 * (plant === undefined ? PATIENCE : PATIENCE_WITH_PLANT);
  return await new Promise((resolve) => {
    let last = -1;
    let since = Date.now();
    const at = () => `in round ${progress[1]} (--seed ${seed + progress[1]}), at its case ${progress[0]}`;
    const watch = setInterval(() => {
      if (progress[0] !== last) {
        last = progress[0];
        since = Date.now();
      } else if (Date.now() - since > patience) finish({ found: `a case does not end, ${at()}` });
    }, 500);
    const finish = (result) => {
      clearInterval(watch);
      worker.terminate();
      const again = result.replay ?? { seed: seed + progress[1], path: String(progress[0] - 1) };
      const commands =
        result.found === undefined
          ? []
          : [`npm run fuzz -- --target ${target.name} --seed ${again.seed} --path ${again.path}`];
      resolve({ executions: Number.NaN, inputs: "?", coverage: "?", ...result, replay: commands });
    };
    worker.on("message", finish);
    worker.on("error", (error) => finish({ found: `the thread ended, ${at()}: ${error.code ?? ""} ${error.stack}` }));
    worker.on("exit", (code) => finish({ found: `the thread ended with ${code}, ${at()}` }));
  });
}
