// How long compile takes over 10,000 files of 10 lines each, first and again, and how much memory.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { built } from "./programs.mjs";
import { figure, goal, withSpread } from "./section.mjs";
import { ratio, summary } from "./statistics.mjs";
import { inTurn } from "./turns.mjs";

const FILES = 10_000;
const LINES = 10;
const NAMES = [
  "ipp",
  "ldaps",
  "rsync",
  "imaps",
  "pop3s",
  "kerberos-adm/tcp",
  "domain",
  "syslog/udp",
  "sunrpc",
  "printer",
];
const SERVICES = `ipp 631/tcp
ldaps 636/tcp
rsync 873/tcp
imaps 993/tcp
pop3s 995/tcp
kerberos-adm 749/tcp
domain 53/tcp
domain 53/udp
syslog 514/udp
sunrpc 111/tcp portmapper
printer 515/tcp spooler
`;

/**
 * One line of each sort that the format has. Ports run through 1 to 799, so that enough is left to the allocators, and
 * one line of each file has a port above 1023, which gets a note.
 */
function fileContent(number) {
  const port = (line) => 1 + ((number * LINES + line) % 799);
  const lines = [
    `# service ${number}`,
    NAMES[number % NAMES.length],
    `${port(2)}`,
    `${port(3)}/tcp`,
    `${port(4)}/udp # its own`,
    `${port(5)}/UDP`,
    NAMES[(number + 3) % NAMES.length],
    `${port(7)}-${port(7) + 1}`,
    `${port(8)}`,
    `${1024 + (number % 60_000)}/tcp`,
  ];
  return `${lines.join("\n")}\n`;
}

function makeRoot() {
  const root = mkdtempSync(path.join(tmpdir(), "portreserve-bench-"));
  const folder = path.join(root, "etc", "portreserve");
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(root, "etc", "services"), SERVICES);
  for (let number = 0; number < FILES; number++) {
    writeFileSync(path.join(folder, `service-${number}`), fileContent(number));
  }
  return root;
}

// The least that any program written for Node can take over the same files.
const READ_ALL = `const { readdirSync, readFileSync } = require("node:fs");
for (const name of readdirSync(process.argv[1])) readFileSync(process.argv[1] + "/" + name);`;

export function compile({ quick }) {
  const rounds = quick ? 2 : 7;
  const root = makeRoot();
  try {
    const folder = path.join(root, "etc", "portreserve");
    const manager = { command: [process.execPath, built.manager, "compile", "--root", root] };
    const reader = { command: [process.execPath, "-e", READ_ALL, folder] };
    const results = [[], [], []];
    for (let round = 0; round < rounds; round++) {
      rmSync(path.join(root, "etc", "portreserve.table"), { force: true });
      inTurn([reader, manager, manager], 1).forEach((run, index) => {
        results[index].push(run);
      });
    }
    return section(results, rounds);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function section(results, rounds) {
  const names = ["node that only reads the files", "compile, no table yet", "compile again, nothing changed"];
  const seconds = results.map((runs) => runs.map((run) => run.seconds[0]));
  const mebibytes = results.map((runs) => runs.map((run) => run.mebibytes[0]));
  return {
    id: "compile",
    title: `Compiling ${FILES} files of ${LINES} lines`,
    notes: [
      `portreservectl compile --root in a folder of its own, files in the page cache, ${rounds} rounds of the three in ` +
        "turn. Memory is the largest resident set of the process.",
    ],
    tables: [
      {
        columns: ["what", "time, s", "memory, MiB", "x reading only"],
        rows: names.map((name, index) => [
          name,
          figure(summary(seconds[index]), 3),
          figure(summary(mebibytes[index]), 0),
          withSpread(ratio(seconds[index], seconds[0])),
        ]),
      },
    ],
    goals: [
      goal("compile, no table yet", summary(seconds[1]), 2, "s"),
      goal("compile, no table yet", summary(mebibytes[1]), 200, "MiB"),
    ],
    skipped: [],
    data: names.map((name, index) => ({
      name,
      seconds: summary(seconds[index]),
      mebibytes: summary(mebibytes[index]),
    })),
  };
}
