// Hands what the scenarios have found to whoever asked for it: a file with the rows of the table of evidence.
import { writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";
import "./evidence.ts";

export default class EvidenceReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const file = process.env.PORTRESERVE_EVIDENCE;
    if (file === undefined) return;
    const rows = modules
      .flatMap((module) => [...module.children.allTests("passed")])
      .flatMap((test) => {
        const { evidence } = test.meta();
        // Together they are a sentence.
        const scenario = test.fullName.replaceAll(" > ", " ");
        return evidence === undefined ? [] : [[scenario, evidence.machine, evidence.control, evidence.result]];
      });
    writeFileSync(file, JSON.stringify(rows));
  }
}
