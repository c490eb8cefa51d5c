// Writes what the guests' scenarios have found into docs/evidence, where PORTRESERVE_RECORD=1 asks for it.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Reporter, TestModule, TestRunEndReason } from "vitest/node";

/** The variable that says where the rows of this run are kept; not set where nobody wants them. */
export const ROWS = "PORTRESERVE_EVIDENCE";

/** A line of that file, as JSON. */
export interface Kept {
  readonly row: readonly (string | number)[];
  readonly suite: string;
  /** What the guest ran over. */
  readonly root: string;
}

const COLUMNS = ["scenario", "release", "engine", "control", "result", "tries"] as const;
/** The packages that decide who takes which port. */
const SHOWN = ["libc6", "libtirpc3", "libtirpc3t64", "systemd", "rpcbind", "nfs-common", "ypbind-mt", "cups-daemon"];

export default class EvidenceReporter implements Reporter {
  private folder: string | undefined;

  /** Before there is any worker, so that all of them inherit it. */
  onInit(): void {
    if (process.env.PORTRESERVE_RECORD !== "1") return;
    this.folder = mkdtempSync(path.join(tmpdir(), "portreserve-evidence-"));
    process.env[ROWS] = path.join(this.folder, "rows");
  }

  async onTestRunEnd(_: readonly TestModule[], __: readonly unknown[], reason: TestRunEndReason): Promise<void> {
    if (this.folder === undefined) return;
    const file = path.join(this.folder, "rows");
    const lines = existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n").sort() : [];
    rmSync(this.folder, { recursive: true, force: true });
    if (reason === "passed" && lines.length > 0) await write(lines.map((line) => JSON.parse(line)));
    else console.log(`no evidence written: the run has ${reason}, with ${lines.length} rows`);
  }
}

async function write(kept: readonly Kept[]): Promise<void> {
  const script = path.resolve(import.meta.dirname, "../../../scripts/evidence.mjs");
  const { record } = (await import(script)) as { record: (name: string, run: object) => void };
  const roots = new Map(kept.map(({ suite, root }) => [suite, root]));
  record("guests", {
    title: "Guests",
    command: "PORTRESERVE_RECORD=1 npm run test:guests",
    note: [
      "Debian releases with their real daemons, booted with real systemd. The control is the same scene where nothing " +
        "keeps a reserved port from being handed out.",
      ...[...roots].map(([suite, root]) => `${suite}: ${versions(root).join(", ")}.`),
    ],
    columns: COLUMNS,
    rows: kept.map(({ row }) => row),
    packages: ["systemd", "mmdebstrap"],
  });
}

function versions(root: string): readonly string[] {
  return readFileSync(path.join(root, "var/lib/dpkg/status"), "utf8")
    .split("\n\n")
    .flatMap((entry) => {
      const name = /^Package: (.*)$/m.exec(entry)?.[1] ?? "";
      const version = /^Version: (.*)$/m.exec(entry)?.[1] ?? "";
      return SHOWN.includes(name) ? [`${name} ${version}`] : [];
    });
}
