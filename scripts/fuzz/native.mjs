// Targets in C: built with libFuzzer and sanitizers, and run until the time is over or something is found.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { root } from "../step.mjs";
import { cache, treeWith } from "./planted.mjs";

const FLAGS = [
  ...["-std=c11", "-D_GNU_SOURCE", '-DPR_VERSION="fuzzed"', "-Wall", "-Wextra", "-Werror", "-g", "-O1"],
  ...["-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"],
];

/** One input may take this long. In seconds; for slow and busy machines. */
const PATIENCE = 60;

function build({ name, sources }, id, plant) {
  const tree = treeWith(id, plant);
  const program = path.join(cache, "bin", id);
  mkdirSync(path.dirname(program), { recursive: true });
  const args = [...FLAGS, `test/fuzz/${name}.c`, ...sources, "-o", program];
  const done = spawnSync("clang", args, { cwd: tree, encoding: "utf8" });
  if (done.status !== 0) throw new Error(`clang ${args.join(" ")}\n${done.stderr}`);
  return program;
}

const number = (text, pattern) => Number(pattern.exec(text)?.[1] ?? Number.NaN);

/**
 * Fuzzes, or with `input` runs that one alone. Found inputs stay in .cache/fuzz/findings; what was learnt stays in
 * .cache/fuzz/corpus, but for the controls, which always begin with the committed inputs alone.
 */
export async function fuzzNative(target, { id, seconds, plant, seed, input }) {
  const program = build(target, id, plant);
  const work = path.join(cache, "work", id);
  const learnt = path.join(cache, plant === undefined ? "corpus" : "planted-corpus", id);
  const findings = path.join(cache, "findings", id);
  if (plant !== undefined) rmSync(learnt, { recursive: true, force: true });
  rmSync(findings, { recursive: true, force: true });
  for (const folder of [work, learnt, findings]) mkdirSync(folder, { recursive: true });
  const seeds = path.join(root, "test", "fuzz", "corpus", target.name);
  const options = [
    ...[`-max_total_time=${seconds}`, `-max_len=${target.longest}`, `-timeout=${PATIENCE}`, "-rss_limit_mb=2048"],
    ...[`-seed=${seed}`, `-artifact_prefix=${findings}/`, "-print_final_stats=1"],
  ];
  // A file system in memory: some targets change a file at every step.
  const mounted = 'mount -t tmpfs none "$0" && cd "$0" && exec "$@"';
  const cage = ["unshare", "--map-root-user", "--mount", ...(target.cage ?? []), "sh", "-c", mounted, work];
  const [command, ...args] = target.cage ? [...cage, program] : [program];
  const child = spawn(command, [...args, ...options, ...(input === undefined ? [learnt, seeds] : [input])], {
    cwd: work,
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ASAN_OPTIONS: "detect_leaks=1", UBSAN_OPTIONS: "print_stacktrace=1" },
  });
  let text = "";
  // Only the end is of use: of an hour's run there are megabytes.
  child.stderr.on("data", (part) => {
    text = `${text}${part}`.slice(-200_000);
  });
  const status = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? signal));
  });
  const files = readdirSync(findings).map((file) => path.relative(root, path.join(findings, file)));
  const executions = number(text, /stat::number_of_executed_units: (\d+)/);
  // Where it ended badly without an input to show for it, it is the fuzzer that does not work.
  const works = input === undefined ? (status === 0) === (files.length === 0) && executions > 0 : true;
  if (!works) throw new Error(`the fuzzer '${id}' ended with ${status}:\n${text.slice(-4000)}`);
  return {
    found: status === 0 ? undefined : summary(text, status),
    replay: files.map((file) => `npm run fuzz -- --target ${target.name} --input ${file}`),
    executions,
    inputs: `${readdirSync(learnt).length} learnt of ${readdirSync(seeds).length}`,
    coverage: `${[...text.matchAll(/ cov: (\d+) /g)].at(-1)?.[1] ?? "?"} edges`,
  };
}

/** What was wrong, without the runs before it. */
function summary(text, status) {
  const from = text.search(/^(==\d+==|.*runtime error:|does not hold)/m);
  return `${(from < 0 ? text.slice(-4000) : text.slice(from, from + 4000)).trim()}\n(status ${status})`;
}
