// Runs the machine tier: real Debian kernels under qemu, without KVM. With --record, what it found goes into the page of evidence.
// Usage: npm run test:vm [-- [--record] [NAME of a file in test/vm ...]]
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { record } from "./evidence.mjs";
import { bin, root } from "./step.mjs";

const asked = process.argv.slice(2);
const recording = asked.includes("--record");
const files = asked.filter((word) => word !== "--record");
const folder = mkdtempSync(path.join(tmpdir(), "portreserve-vm-"));
const found = path.join(folder, "rows.json");
try {
  const { status } = spawnSync(bin("vitest"), ["run", "--config", "test/vm/vitest.config.ts", ...files], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PORTRESERVE_EVIDENCE: found },
  });
  process.exitCode = status ?? 1;
  // Part of a run, or one that failed, is no evidence.
  if (recording && status === 0 && files.length === 0) {
    record("machines", {
      title: "Whole machines",
      command: "npm run test:vm -- --record",
      note: [
        "Debian's own kernels, booted in qemu without KVM with this checkout's builds inside: what needs another kernel than " +
          "that of the host. The control is the same scene where nothing keeps a reserved port from being handed out.",
      ],
      columns: ["scenario", "machine", "control", "result"],
      rows: JSON.parse(readFileSync(found, "utf8")),
      packages: ["qemu-system-x86"],
    });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
