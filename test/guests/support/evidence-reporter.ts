// Writes what the scenarios of guests or of the fleet have found into docs/evidence, where PORTRESERVE_RECORD=1 asks for it.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Reporter, TestModule, TestRunEndReason } from "vitest/node";

/** The variable that says where the rows of this run are kept; not set where nobody wants them. */
export const ROWS = "PORTRESERVE_EVIDENCE";

/** A line of that file, as JSON. */
export interface Kept {
  readonly row: readonly (string | number)[];
  /** What the guest ran over, where the page says which packages were in it. */
  readonly over?: { readonly suite: string; readonly root: string };
}

/** The section of the page that a run writes: `name` of its file, the rest as it is printed. */
export interface Section {
  readonly name: string;
  readonly title: string;
  readonly command: string;
  readonly note: string;
  readonly columns: readonly string[];
  /** Debian's, of this machine, whose versions are printed. */
  readonly packages: readonly string[];
}

/** The packages that decide who takes which port. */
const SHOWN = ["libc6", "libtirpc3", "libtirpc3t64", "systemd", "rpcbind", "nfs-common", "ypbind-mt", "cups-daemon"];

export default class EvidenceReporter implements Reporter {
  private folder: string | undefined;
  private readonly section: Section;

  /** vitest's configuration says which. */
  constructor(section: Section) {
    this.section = section;
  }

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
    if (reason === "passed" && lines.length > 0)
      await write(
        this.section,
        lines.map((line) => JSON.parse(line)),
      );
    else console.log(`no evidence written: the run has ${reason}, with ${lines.length} rows`);
  }
}

async function write({ name, note, ...section }: Section, kept: readonly Kept[]): Promise<void> {
  const script = path.resolve(import.meta.dirname, "../../../scripts/evidence.mjs");
  const { record } = (await import(script)) as { record: (name: string, run: object) => void };
  const roots = new Map(kept.flatMap(({ over }) => (over === undefined ? [] : [[over.suite, over.root]])));
  const packages = [...roots].map(([suite, root]) => `${suite}: ${versions(root).join(", ")}.`);
  record(name, { ...section, note: [note, ...packages], rows: kept.map(({ row }) => row) });
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
