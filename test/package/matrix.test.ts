// The package at its work on nine machines, three Debian releases with three Nodes, each with no compiler and no network.
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { named } from "../support/can.ts";
import { inRoot } from "../support/roots/enter.ts";
import { THIEF_PID } from "../support/sandbox.ts";
import { type Steps, stepsOf } from "../support/steps.ts";
import { type PackageMachine, packageMachines } from "./machines.ts";
import { ARCHS, notPrebuilt } from "./prebuilt.ts";
import { manifest, packed } from "./tarball.ts";

/** Where npm puts it for all, and what it has for this processor. */
const HOME = "/usr/local/lib/node_modules/portreserve";
const NATIVE = `${HOME}/prebuilds/linux-${process.arch}`;

/** What an administrator does from the first command to the last. The thief is a program whose process id makes it ask for 631 first. */
const WORK = `set -u
quiet="--offline --no-audit --no-fund --silent"
thief() { ${NATIVE}/portreserve-pidexec --pid ${THIEF_PID} -- "$@"; }
allocate="${NATIVE}/portreserve-probe --symbol bindresvport"
files() { find / -xdev ! -path '/root/*' | LC_ALL=C sort; }
count() { "$@" --exhaust | grep -c port; }
look() {
  getconf GNU_LIBC_VERSION; node --version; npm --version
  for tool in node npm cc gcc g++ c++ clang make python3 portreservectl; do command -v $tool; done
  find / -xdev -name '*.node' -o -xdev -name 'libportreserve*'
  tail -n +3 /proc/net/dev | tr -d ' ' | cut -d: -f1
}
step machine look
step npm npm install --global --ignore-scripts $quiet /package.tgz
step files files
in_project() {
  cd "$(mktemp -d)" && npm install $quiet /package.tgz && ls node_modules && node_modules/.bin/portreservectl --version
}
step project in_project
step version portreservectl --version

rm -f /etc/bindresvport.blacklist
mkdir /etc/portreserve
echo ipp >/etc/portreserve/cups
seq 650 949 >/etc/portreserve/many
echo 'ipp 631/tcp' >/etc/services
step theft thief $allocate
step compile portreservectl compile
step check portreservectl check
step lookup portreservectl lookup 631
step nothing portreservectl status --json
step run thief portreservectl run -- $allocate
step free count $allocate
step kept count portreservectl run -- $allocate
step demo portreservectl demo --json

portreservectl uninstall >/dev/null 2>&1
files >/tmp/before
step install portreservectl install
files >/tmp/between
step list cat /etc/ld.so.preload
step which env -i ${NATIVE}/portreserve-probe --which
step covered thief env -i $allocate
step all count env -i $allocate
step owner ${NATIVE}/portreserve-probe --symbol bind --port 631
step status portreservectl status --json
step release portrelease --verbose
step uninstall portreservectl uninstall
files >/tmp/after
step changed cmp -s /tmp/before /tmp/between
step restored cmp /tmp/before /tmp/after
step again thief env -i $allocate
`;

interface Status {
  readonly answers: readonly { readonly id: string; readonly state: string }[];
}
const answersOf = (stdout: string): Readonly<Record<string, string>> =>
  Object.fromEntries((JSON.parse(stdout) as Status).answers.map(({ id, state }) => [id, state]));

const done = (stdout: string) => ({ status: 0, stdout, stderr: "" });
const rows: (string | number)[][] = [];
const unbuilt = notPrebuilt(...ARCHS);
const all = unbuilt === undefined ? await packageMachines() : [];
let tarball = "";
beforeAll(() => {
  if (unbuilt === undefined) tarball = packed();
});

test.skipIf(unbuilt !== undefined)(named("there are three releases with three Nodes each", unbuilt), () => {
  expect(all.map(({ suite, node }) => `${suite} ${node}`)).toHaveLength(9);
});

const title = ({ suite, node, npm, reason }: PackageMachine): string =>
  named(`on ${suite} with Node ${node} and npm ${npm}`, reason);
for (const machine of all) {
  describe.skipIf(machine.reason !== undefined)(title(machine), () => {
    let ran: Steps;
    beforeAll(async () => {
      const { layers } = machine;
      const { status, stdout, stderr } = await inRoot(WORK, { layers, files: { "/package.tgz": tarball } });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      ran = stepsOf(stdout);
    }, 200_000);

    test("there is no compiler, no network, no other Node and nothing of the project (control)", () => {
      const [glibc, node, npm, ...rest] = ran("machine").stdout.trimEnd().split("\n");
      expect({ glibc, rest }).toEqual({
        glibc: `glibc ${machine.glibc}`,
        rest: ["/usr/local/bin/node", "/usr/local/bin/npm", "lo"],
      });
      expect(`${node}.`).toMatch(new RegExp(`^v${machine.node}\\.`));
      expect(`${npm}.`).toMatch(new RegExp(`^${machine.npm}\\.`));
    });

    test("npm installs it for all with scripts disabled, and in a project with scripts allowed", () => {
      expect(ran("npm")).toEqual(done(""));
      expect(ran("project")).toEqual(done(`portreserve\n${manifest.version}\n`));
      expect(ran("version")).toEqual(done(`${manifest.version}\n`));
      const files = ran("files").stdout.split("\n");
      expect(files.filter((file) => /node_modules\/portreserve\/(build|node_modules)/.test(file))).toEqual([]);
      expect(files).toContain(`${NATIVE}/portreserve.node`);
    });

    test("compile, check and lookup", () => {
      expect(ran("compile").stdout.split("\n")).toContain(
        "written: '/etc/portreserve.table', generation 1, 301 tcp and 301 udp ports (there was no table)",
      );
      expect(ran("check")).toMatchObject({ status: 0, stderr: "" });
      expect(ran("lookup").stdout.split("\n").slice(0, 2)).toEqual([
        "631/tcp  reserved  cups  /etc/portreserve/cups:1",
        "631/udp  reserved  cups  /etc/portreserve/cups:1",
      ]);
    });

    test("run keeps a command from every reserved port, and one without it takes them (control)", () => {
      expect(ran("theft")).toEqual(done('{"port":631}\n'));
      expect(ran("run")).toEqual(done('{"port":632}\n'));
      expect(ran("free")).toEqual(done("512\n"));
      expect(ran("kept")).toEqual(done("211\n"));
    });

    test("demo shows the theft and its prevention", () => {
      const { status, stdout, stderr } = ran("demo");
      const { theftShown, theftPrevented } = JSON.parse(stdout) as Record<string, unknown>;
      expect({ status, stderr, theftShown, theftPrevented }).toEqual({
        status: 0,
        stderr: "",
        theftShown: true,
        theftPrevented: true,
      });
    });

    test("install covers programs that are started with no environment, and their ports' owner gets in", () => {
      expect(ran("install")).toMatchObject({ status: 0, stderr: "" });
      expect(ran("list")).toEqual(done("/usr/$LIB/portreserve/libportreserve.so\n"));
      const objects = ran("which")
        .stdout.trimEnd()
        .split("\n")
        .map((line) => (JSON.parse(line) as { object: string | null }).object);
      expect(objects).toHaveLength(6);
      expect([...new Set(objects)]).toEqual([
        expect.stringMatching(/^\/usr\/lib\/[^/]+\/portreserve\/libportreserve\.so$/),
      ]);
      expect(ran("covered")).toEqual(done('{"port":632}\n'));
      expect(ran("all")).toEqual(done("211\n"));
      expect(ran("owner")).toEqual(done('{"port":631}\n'));
    });

    test("status tells before from after", () => {
      const [before, after] = [ran("nothing"), ran("status")].map(({ stdout }) => answersOf(stdout));
      expect(before).toMatchObject({ table: "good", preload: "bad" });
      expect(after).toMatchObject({ table: "good", fresh: "good", preload: "good", manager: "good" });
    });

    test("portrelease is content", () => {
      expect(ran("release")).toMatchObject({ status: 0, stderr: "" });
      expect(ran("release").stdout).toMatch(/^portrelease: nothing to release: /);
    });

    test("uninstall leaves nothing behind, not even the cover", () => {
      expect(ran("uninstall")).toMatchObject({ status: 0, stderr: "" });
      expect(ran("changed").status).toBe(1);
      expect(ran("restored")).toEqual(done(""));
      expect(ran("again")).toEqual(done('{"port":631}\n'));
      rows.push(rowOf(machine, ran));
    });
  });
}

const portIn = (text: string): number => (JSON.parse(text) as { port: number }).port;

function rowOf({ suite, glibc }: PackageMachine, ran: Steps): (string | number)[] {
  const [, node = "", npm = ""] = ran("machine").stdout.split("\n");
  const ports = ["theft", "run", "covered", "again"].map((name) => portIn(ran(name).stdout));
  return [`${suite}, glibc ${glibc}`, node, npm, ...ports, ...["free", "all"].map((name) => Number(ran(name).stdout))];
}

afterAll(async () => {
  if (process.env.PORTRESERVE_RECORD !== "1" || rows.length !== 9) return;
  const { record } = (await import(path.join(packageRoot, "scripts/evidence.mjs"))) as {
    record: (name: string, section: object) => void;
  };
  record("package", {
    title: "The package, installed",
    command: "PORTRESERVE_RECORD=1 npx vitest run --config test/vitest.config.ts test/package/matrix.test.ts",
    note:
      "The tarball of `npm pack`, installed with scripts disabled in minimal Debian roots without a compiler and a network, " +
      "with Nodes from the npm registry. The first four ports are what a program gets that asks for 631 first, which is " +
      "reserved: uncovered, under `portreservectl run`, after `install`, and after `uninstall`. The last two are how many " +
      "of the ports 512 to 1023 one process can get, of which 301 are reserved.",
    columns: ["root", "Node", "npm", "uncovered", "run", "install", "uninstall", "all ports", "all ports, installed"],
    rows,
    packages: ["gcc", "g++-aarch64-linux-gnu", "mmdebstrap"],
  });
});
