// What portreservectl costs before it does anything: --version, against a Node that does nothing.
import path from "node:path";
import process from "node:process";
import { built } from "./programs.mjs";
import { figure, goal, withSpread } from "./section.mjs";
import { ratio, summary } from "./statistics.mjs";
import { inTurn } from "./turns.mjs";

export function version({ quick }) {
  const rounds = quick ? 10 : 60;
  const names = ["node -e 0", "portreservectl --version"];
  // The manager's own first line looks node up, and it must find the one that it is compared with.
  const PATH = `${path.dirname(process.execPath)}:${process.env.PATH}`;
  const commands = [{ command: [process.execPath, "-e", "0"] }, { command: [built.manager, "--version"] }];
  const runs = inTurn(commands, rounds, { environment: { ...process.env, PATH } });
  const [node, manager] = runs.map(({ seconds }) => seconds);
  const relative = ratio(manager, node);
  const rows = [node, manager].map((seconds, index) => [
    names[index],
    figure(summary(seconds.map((s) => s * 1e3)), 1),
    withSpread(ratio(seconds, node)),
  ]);
  return {
    id: "version",
    title: "Starting the manager",
    notes: [
      `Each ${rounds} times in turn; the ratio is of the two runs of a round. portreservectl is started by its own ` +
        "first line, '/usr/bin/env node', as a shell would start it.",
    ],
    tables: [{ columns: ["command", "time, ms", "x node -e 0"], rows }],
    goals: [goal("portreservectl --version to node -e 0", relative, 1.5)],
    skipped: [],
    data: names.map((name, index) => ({ name, milliseconds: summary([node, manager][index].map((s) => s * 1e3)) })),
  };
}
