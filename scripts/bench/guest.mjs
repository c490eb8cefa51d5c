// What status and verify take on a host of ordinary size: a booted Debian with servers that many have, beside ss.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { bin, root } from "../step.mjs";
import { programs } from "./programs.mjs";
import { figure, goal, withSpread } from "./section.mjs";
import { ratio, summary } from "./statistics.mjs";

const NAMES = [
  "portreservectl status --json",
  "portreservectl verify",
  "ss -tulpn",
  "portreservectl status --json, the first since the boot",
];

/** What test/bench/guest.bench.ts wrote, or why it could not. */
function measured(rounds) {
  const folder = mkdtempSync(path.join(tmpdir(), "portreserve-bench-"));
  const found = path.join(folder, "found.json");
  try {
    const { status, stdout, stderr } = spawnSync(bin("vitest"), ["run", "--config", "test/bench/bench.config.ts"], {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, BENCH_FOUND: found, BENCH_ROUNDS: String(rounds), BENCH_TURNS: programs.turns },
    });
    if (status !== 0) throw new Error(`the guest: ${stderr || stdout}`);
    return JSON.parse(readFileSync(found, "utf8"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function guest({ quick }) {
  const section = {
    id: "guest",
    title: "A host of ordinary size",
    notes: [],
    tables: [],
    goals: [],
    skipped: [],
    data: [],
  };
  const rounds = quick ? 3 : 21;
  const { lacking, system, processes, units, outcome, lines } = measured(rounds);
  if (lacking !== undefined) return { ...section, skipped: [`all of it: ${lacking}`] };
  const runs = NAMES.map(() => []);
  for (const line of lines.trimEnd().split("\n")) {
    const [index, nanoseconds] = line.split(" ").map(Number);
    runs[index].push(nanoseconds / 1e6);
  }
  const [status, verify, ss] = runs;
  return {
    ...section,
    notes: [
      `${system}, booted by systemd-nspawn, with ${processes} processes and ${units} services and sockets, after ` +
        "'portreservectl install' and a reboot: rpcbind, rpc.statd, NIS, CUPS, Kerberos, rsync and Dovecot as their packages " +
        `start them. ${rounds} rounds in turn, output thrown away. verify proves the allocators, by starting some in ` +
        `sandboxes like theirs; here it ends with ${outcome}. It is started by a shell, since that is no failure here.`,
      "Its files are all on one device, as on a host with one disk. So root's look finds in /run what the one before it has " +
        "read of files that have not changed since; the first since the boot, and every user's, reads all of them.",
    ],
    tables: [
      {
        columns: ["command", "time, ms", "x ss"],
        rows: NAMES.map((name, index) => [name, figure(summary(runs[index]), 0), withSpread(ratio(runs[index], ss))]),
      },
    ],
    goals: [
      goal("status of an ordinary host", summary(status), 500, "ms"),
      goal("verify of an ordinary host", summary(verify), 2000, "ms"),
    ],
    data: NAMES.map((name, index) => ({ name, milliseconds: summary(runs[index]) })),
  };
}
