// What the matrices of kills and errors have printed, for the page of evidence: with PORTRESERVE_RECORD=1, once all of them have passed.
import path from "node:path";
import type { UserConsoleLog } from "vitest";
import type { Reporter, TestModule } from "vitest/node";

const root = path.resolve(import.meta.dirname, "../../..");
/** install, uninstall, an upgrade, and two of compile killed; three failed; and two in an image, both killed and failed. */
const ALL = 12;
const LINE = /^((?:crash|error) matrix of .+): (\d+) points, (\d+) failures \((.+)\)$/gm;

export default class MatrixReporter implements Reporter {
  readonly #rows = new Map<string, readonly (string | number)[]>();

  onUserConsoleLog({ content }: UserConsoleLog): void {
    for (const [, matrix = "", points, failures, outcomes = ""] of content.matchAll(LINE)) {
      this.#rows.set(matrix, [matrix, Number(points), Number(failures), outcomes]);
    }
  }

  async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    // Part of a run, or one that failed, is no evidence.
    if (this.#rows.size !== ALL || modules.some((module) => !module.ok())) return;
    const { record } = (await import(`${root}/scripts/evidence.mjs`)) as {
      record: (name: string, run: object) => void;
    };
    record("kills", {
      title: "Killed, and failing",
      command:
        "PORTRESERVE_RECORD=1 PORTRESERVE_FULL=1 npx vitest run --config test/vitest.config.ts test/install/crash test/install/errors",
      note: [
        "Each command once for each point: at each of its system calls that changes the file system it is killed before, " +
          "half-way through (where it writes) and after it, or the call fails: with ENOSPC, EROFS, EACCES or EIO, it " +
          "alone or all from there on. After each, programs of the host run with the output that they had before, and the " +
          "next command completes, as a copy of what was left shows; anything else is a failure.",
        "The control is an installer that writes the list first and in place: `test/install/crash-matrix-control.test.ts`.",
      ],
      columns: ["matrix", "points", "failures", "what was found"],
      rows: [...this.#rows.values()].sort(([one], [other]) => (String(one) < String(other) ? -1 : 1)),
      packages: ["strace"],
    });
  }
}
