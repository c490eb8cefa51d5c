// clang-tidy and gcc -fanalyzer over native/. Each has first to find what is wrong with a file made for it, so that one
// that has gone silent is noticed.
import { availableParallelism } from "node:os";
import process from "node:process";
import { files, have, heard } from "./step.mjs";

const BROKEN = "test/native/broken";
const C11 = ["-std=c11", "-D_GNU_SOURCE", '-DPR_VERSION="checked"', "-Wall", "-Wextra"];

/** Finds with `arguments` before the file's name and `after` behind it; `mustFind` are what a finding is called. */
const analysers = (commands) => [
  {
    name: "clang-tidy",
    command: "clang-tidy",
    package: "clang-tidy",
    sources: files("native/*.c", "native/*.cc"),
    // All of our files at once: what they include is the same, and what cannot be read is an error.
    of: (source) => ["--quiet", ...(source.startsWith(BROKEN) ? [source, "--", ...C11] : ["-p", commands, source])],
    control: `${BROKEN}/clang-tidy.c`,
    mustFind: [
      "bugprone-suspicious-memset-usage",
      "cert-err34-c",
      "clang-analyzer-security.insecureAPI.strcpy",
      "clang-analyzer-unix.Malloc",
      "misc-redundant-expression",
    ],
  },
  {
    name: "gcc -fanalyzer",
    command: "gcc",
    package: "gcc",
    sources: files("native/*.c"),
    // Without optimisation: at -O1 gcc 12 no longer finds the control's second free().
    of: (source) => [...C11, "-O0", "-fanalyzer", "-Werror", "-c", "-o", "/dev/null", source],
    control: `${BROKEN}/gcc-analyzer.c`,
    mustFind: ["-Werror=analyzer-double-free", "-Werror=analyzer-possible-null-dereference"],
  },
];

/** Runs every analyser over every file; ends this script where one finds something, or does not find its control. */
export async function analyse(commands) {
  const rows = [];
  for (const { name, command, package: debian, sources, of, control, mustFind } of analysers(commands)) {
    if (!have(command, debian)) continue;
    console.log(`> ${name}, ${sources.length} files`);
    const { status, text } = await heard(command, of(control));
    const silent = mustFind.filter((finding) => !text.includes(`[${finding}`) && !text.includes(`,${finding}`));
    if (status === 0 || silent.length > 0) {
      console.error(`${text}error: ${name} does not find ${silent.join(", ")} in '${control}'`);
      process.exit(1);
    }
    const waiting = [...sources];
    const findings = [];
    const work = async () => {
      for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
        const found = await heard(command, of(source));
        if (found.status !== 0) findings.push(`${source}:\n${found.text}`);
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, work));
    if (findings.length > 0 || sources.length === 0) {
      console.error(`${findings.join("\n")}\nerror: ${name} finds something in ${findings.length} files`);
      process.exit(1);
    }
    rows.push([name, `${sources.length} files`, mustFind.length, 0]);
  }
  return rows;
}
