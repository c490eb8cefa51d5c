// install run from wherever the package may be: a checkout, npm's folders, and the copy that it has put on the host itself.
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { asNobody, ctl, put, type Ran, scratch } from "../support/cli.ts";
import { HOME, LIST, library, noHost, onHost, packageAt, TABLE, treeDifferences } from "../support/host.ts";
import { MAIN, NODE } from "../support/stage/stage.ts";
import { giveAway, imageOf } from "./image.ts";

const notHere = await noHost();
const INSTALLED = `${HOME}/dist/portreservectl.mjs`;

/** Where a package is, by what has put it there. */
const places = {
  "a checkout": () => MAIN,
  "npm's folder of a project": () => packageAt(path.join(scratch(), "project/node_modules/portreserve")),
  "a global installation, by its link": () => {
    const prefix = path.join(scratch(), "prefix");
    const main = packageAt(path.join(prefix, "lib/node_modules/portreserve"));
    mkdirSync(path.join(prefix, "bin"));
    symlinkSync(path.relative(path.join(prefix, "bin"), main), path.join(prefix, "bin/portreservectl"));
    return path.join(prefix, "bin/portreservectl");
  },
  "a folder with spaces and a quote in its name": () => packageAt(path.join(scratch(), "it's a $HOME/portreserve")),
  "a folder that only root may enter": () => {
    const folder = path.join(scratch(), "private");
    mkdirSync(folder, { mode: 0o700 });
    return packageAt(path.join(folder, "portreserve"));
  },
} as const;

describe.skipIf(notHere !== undefined)(named("install from", notHere), () => {
  const reference: Ran[] = [];

  test.each(Object.entries(places))(
    "%s puts the same on the host, and the copy there takes it away",
    async (_, place) => {
      const ran = await onHost(
        `step before tree
step install "$NODE" "$PLACE" install
step installed tree
MANAGER=${INSTALLED}
step uninstall ctl uninstall
step after tree`,
        { environment: { PLACE: place() } },
      );
      expect(ran("install")).toMatchObject({ status: 0, stderr: "" });
      reference.push(ran("installed"));
      expect(treeDifferences(reference[0] as Ran, ran("installed"))).toEqual([]);
      expect(ran("uninstall")).toMatchObject({ status: 0, stderr: "" });
      expect(treeDifferences(ran("before"), ran("after"))).toEqual([]);
    },
  );

  test("its own copy changes nothing, and every verb works from there", async () => {
    const ran = await onHost(`ctl install >"$SCRATCH/log" 2>&1
MANAGER=${INSTALLED}
step installed tree
step again ctl install
step same tree
step list ctl list
step check ctl check
step covered ctl run -- cat /proc/self/maps
step plain cat /proc/self/maps`);
    expect(ran("again").stdout).toMatch(/^unchanged: everything is in its place\n/);
    expect(treeDifferences(ran("installed"), ran("same"))).toEqual([]);
    expect(ran("list")).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^631\/tcp +cups +yes /m),
      stderr: "",
    });
    expect(ran("check")).toMatchObject({ status: 0, stderr: "" });
    const shims = (name: string): readonly string[] => [...new Set(ran(name).stdout.match(/\/.*libportreserve.*/g))];
    // Once, though it is in the list and in the environment.
    expect({ covered: shims("covered"), plain: shims("plain") }).toEqual({ covered: [library], plain: [library] });
  });

  test.each([
    ["a manager that was damaged", `echo damaged >>${INSTALLED}`],
    // The list then tells uninstall, by colons, that it was closed.
    ["a list and a library that are for root only", `chmod 600 ${LIST} ${library}`, `sed -i 's/^:::*//' ${LIST}`],
    ["a library that is missing", `rm ${library}`],
    ["a library and its folder that are missing", `rm -r ${path.dirname(library)}`],
  ])("a good package mends %s", async (_, by, unmark = ":") => {
    const ran = await onHost(
      `ctl install >"$SCRATCH/log" 2>&1
step good tree
${by}
step install ctl install
${unmark}
step mended tree`,
      { noisy: true },
    );
    expect(ran("install").status).toBe(0);
    expect(treeDifferences(ran("good"), ran("mended"))).toEqual([]);
  });
});

describe("without the right to", () => {
  test("an ordinary user is told so, and nothing is changed", () => {
    for (const command of [
      "install",
      "uninstall",
      "install --unit ypbind rpc-statd --now",
      "uninstall --unit ypbind",
      "install --no-wait",
    ]) {
      const words = command.split(" ");
      expect(ctl(words, { under: asNobody })).toEqual({
        status: 4,
        stdout: "",
        stderr: `portreservectl: error: ${words[0]} needs root: it changes files that every program reads\nhint: run 'sudo portreservectl ${command}'\n`,
      });
    }
  });

  test("wait, it ends at once while another is at work", async () => {
    const root = imageOf();
    put(root, "run/portreserve.lock", "");
    giveAway(root);
    const [command = "", ...args] = [...asNobody, "flock"];
    const ran = spawnSync(
      command,
      [...args, path.join(root, "run/portreserve.lock"), NODE, MAIN, "install", "--root", root, "--no-wait"],
      { encoding: "utf8" },
    );
    expect({ status: ran.status, stdout: ran.stdout, stderr: ran.stderr }).toEqual({
      status: 3,
      stdout: "",
      stderr: `portreservectl: error: another portreservectl is running, and --no-wait was given
hint: run it again later; 'fuser -v ${root}/run/portreserve.lock' shows who holds the lock
`,
    });
  });
});

describe.skipIf(notHere !== undefined)(named("interrupted by", notHere), () => {
  // A program of the trial that waits until it is seen, so that the signal comes in its middle.
  const WAITS = `mv /usr/bin/getent /usr/bin/getent.real
cat >/usr/bin/getent <<'END'
#!/bin/sh
if [ -n "\${LD_PRELOAD-}" ] && [ -w /run ]; then : >/run/seen; while [ ! -e /run/go ]; do sleep 0.05; done; fi
exec /usr/bin/getent.real "$@"
END
chmod 755 /usr/bin/getent
`;
  test.each(["INT", "TERM", "KILL"] as const)(
    "SIG%s in the middle of the trial, it leaves programs as they are, and the next run completes",
    async (signal) => {
      const ran = await onHost(`${WAITS}
step before tree
interrupted() {
  # Not through a function: the signal is for node itself, which a shell in the background would have told to ignore SIGINT.
  "$NODE" -e 'process.exit(require("node:child_process").spawnSync("sh", ["-c", "exec \\"$NODE\\" \\"$MANAGER\\" install & pid=$!; until [ -e /run/seen ]; do sleep 0.02; done; kill -${signal} $pid; : >/run/go; wait $pid"], { stdio: "inherit" }).status)'
}
step interrupted interrupted
step left tree
step list ls ${LIST}
step table ls ${TABLE}
step uninstall ctl uninstall
step after tree
step install ctl install`);
      expect(ran("interrupted")).toMatchObject({ status: { INT: 130, TERM: 143, KILL: 137 }[signal], stdout: "" });
      expect(ran("list").status).not.toBe(0);
      expect(ran("table").status).not.toBe(0);
      // New files under names that nothing refers to.
      const left = treeDifferences(ran("before"), ran("left")).map((line) => line.split(" ").slice(0, 3).join(" "));
      expect(left.length).toBeGreaterThan(0);
      expect(
        left.filter(
          (line) =>
            !/^\+ \S+\/portreserve( folder|\/\.libportreserve(-high|-share)?\.so\.[0-9a-f]{16}\.tmp file)$/.test(line),
        ),
      ).toEqual([]);
      expect(ran("uninstall")).toEqual({
        status: 0,
        stdout: "nothing to remove: portreserve is not installed\n",
        stderr: "",
      });
      expect(treeDifferences(ran("before"), ran("after"))).toEqual([]);
      expect(ran("install")).toMatchObject({ status: 0, stderr: "" });
    },
  );
});
