// run: the command takes the place of the manager, with the shim in front of what LD_PRELOAD had.
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, openSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { asNobody, ctl, node, scratch, start } from "../support/cli.ts";
import { built, noSandbox, play } from "../support/sandbox.ts";
import { MAIN, NODE, stagedNatives } from "../support/stage/stage.ts";

const SHIM = path.join(stagedNatives(), "libportreserve.so");
const NO_TABLE =
  "portreservectl: warning: there is no table '/etc/portreserve.table', so nothing is reserved; the command runs all the same\n" +
  "hint: run 'sudo portreservectl compile'\n";

describe("without a table", () => {
  test("warns, and runs the command all the same", () => {
    expect(ctl(["run", "--", "sh", "-c", 'echo "$LD_PRELOAD"; exit 7'])).toEqual({
      status: 7,
      stdout: `${SHIM}\n`,
      stderr: NO_TABLE,
    });
  });

  test("needs no '--', and leaves the command's options alone", () => {
    expect(ctl(["run", "printf", "%s\\n", "--json", "--", "-x", "--root"])).toEqual({
      status: 0,
      stdout: "--json\n--\n-x\n--root\n",
      stderr: NO_TABLE,
    });
  });

  test.each([
    ["libm.so.6", `${SHIM}:libm.so.6`],
    [`libm.so.6 ${SHIM}`, `libm.so.6 ${SHIM}`],
    ["", SHIM],
  ])("keeps what LD_PRELOAD has: '%s'", (preload, expected) => {
    const { stdout } = ctl(["run", "sh", "-c", 'echo "$LD_PRELOAD"'], { env: { LD_PRELOAD: preload } });
    expect(stdout).toBe(`${expected}\n`);
  });

  test("passes the environment, the arguments and standard input on", () => {
    const script = 'printf "%s|" "$0" "$@" "$MARK"; cat';
    const options = { env: { MARK: "a\nb" }, input: "from standard input" };
    expect(ctl(["run", "--", "sh", "-c", script, "zero", "", "two words", "é"], options).stdout).toBe(
      "zero||two words|é|a\nb|from standard input",
    );
  });

  test("reports a command that does not exist with 127, and one that cannot be executed with 126", () => {
    expect(ctl(["run", "no-such-command"])).toEqual({
      status: 127,
      stdout: "",
      stderr: `${NO_TABLE}portreservectl: error: cannot run 'no-such-command': no such file or directory\nhint: it is in none of the folders of PATH: write its full path\n`,
    });
    const forbidden = path.join(scratch(), "forbidden");
    mkdirSync(forbidden, { mode: 0 });
    const search = `${process.env.PATH}:${forbidden}`;
    expect(ctl(["run", "no-such-command"], { under: asNobody, env: { PATH: search } }).status).toBe(127);
    const file = path.join(scratch(), "data");
    writeFileSync(file, "no program\n");
    chmodSync(file, 0o644);
    expect(ctl(["run", file])).toEqual({
      status: 126,
      stdout: "",
      stderr: `${NO_TABLE}portreservectl: error: cannot run '${file}': permission denied\n`,
    });
  });
});

test("keeps the process id, and a signal reaches the command itself", async () => {
  const child = start(["run", "--", "sh", "-c", "echo $$; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise((resolve) => child.once("exit", (status, signal) => resolve({ status, signal })));
  const said = await new Promise((resolve) => child.stdout?.once("data", (chunk) => resolve(String(chunk))));
  expect(said).toBe(`${child.pid}\n`);
  child.kill("SIGTERM");
  expect(await ended).toEqual({ status: null, signal: "SIGTERM" });
});

test("starts the command with no signal ignored or blocked that a shell would not", () => {
  const status = (text: string): string[] => text.split("\n").filter((line) => /^Sig(Blk|Ign|Cgt)/.test(line));
  const command = ["cat", "/proc/self/status"];
  const plain = spawnSync(command[0] as string, command.slice(1), { encoding: "utf8" });
  expect(status(ctl(["run", ...command]).stdout)).toEqual(status(plain.stdout));
});

test("leaves every descriptor the command was given open, in the mode it had", () => {
  const folder = scratch();
  writeFileSync(path.join(folder, "data"), "seven\n");
  const data = openSync(path.join(folder, "data"), "r");
  const { stdout } = spawnSync(NODE, [MAIN, "run", "--", "sh", "-c", "cat <&7; grep flags /proc/self/fdinfo/1"], {
    encoding: "utf8",
    stdio: ["pipe", "pipe", "ignore", "ignore", "ignore", "ignore", "ignore", data],
  });
  const plain = spawnSync("grep", ["flags", "/proc/self/fdinfo/1"], { encoding: "utf8" });
  expect(stdout).toBe(`seven\n${plain.stdout}`);
});

test("hands on a pipe with a number behind Node's own descriptors", () => {
  const script = `exec 5<&0 </dev/null; exec "$@"`;
  const under = ["sh", "-c", script, "sh"];
  expect(ctl(["run", "--", "sh", "-c", "cat <&5"], { under, input: "piped\n" }).stdout).toBe("piped\n");
});

test("hands on arguments and environment byte for byte", () => {
  const under = ["sh", "-c", `export BYTES=$(printf 'x\\377y'); exec "$@" $(printf 'a\\376b')`, "sh"];
  const script = `printf '%s %s' "$BYTES" "$1" | od -An -tx1`;
  expect(ctl(["run", "sh", "-c", script, "sh"], { under }).stdout.trim()).toBe("78 ff 79 20 61 fe 62");
});

test("says how to get the native parts where there are none, with exit code 3", () => {
  const home = scratch();
  for (const name of ["package.json", "dist"]) {
    cpSync(path.join(MAIN, "../..", name), path.join(home, name), { recursive: true });
  }
  symlinkSync(path.join(MAIN, "../../node_modules"), path.join(home, "node_modules"));
  const env = { PORTRESERVE_PREBUILD: "" };
  expect(node([path.join(home, "dist/main.js"), "run", "true"], { env })).toEqual({
    status: 3,
    stdout: "",
    stderr:
      `portreservectl: error: no native parts for ${process.platform} ${process.arch} in '${home}'\n` +
      "hint: install the package again; in a checkout, 'npm run build' makes them, and needs a C and C++ compiler, make and python3\n",
  });
});

test("leaves no descriptor of its own behind", async () => {
  const child = spawn("sh", ["-c", 'exec "$@"', "sh", NODE, MAIN, "run", "ls", "-l", "/proc/self/fd"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let text = "";
  for await (const chunk of child.stdout ?? []) text += String(chunk);
  expect(text).not.toMatch(/eventpoll|eventfd|io_uring/);
  expect(text).toContain(" 0 -> /dev/null");
});

test("refuses a shim whose path LD_PRELOAD cannot express, with exit code 5", () => {
  const home = path.join(scratch(), "with space");
  mkdirSync(path.join(home, "build"), { recursive: true });
  cpSync(stagedNatives(), path.join(home, "build/Release"), {
    recursive: true,
    filter: (file) => !file.includes("obj.target"),
  });
  expect(ctl(["run", "true"], { env: { PORTRESERVE_PREBUILD: home } })).toEqual({
    status: 5,
    stdout: "",
    stderr:
      `portreservectl: error: LD_PRELOAD cannot express the path '${home}/build/Release/libportreserve.so'\n` +
      "hint: install the package in a folder without spaces, colons and dollar signs\n",
  });
});

const noRoot = skipReason("root");

describe.skipIf(noRoot !== undefined)(named("without /proc, as in many a chroot", noRoot), () => {
  const under = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"];

  test("runs the command all the same", () => {
    expect(ctl(["run", "--", "echo", "ä", "--json"], { under })).toMatchObject({ status: 0, stdout: "ä --json\n" });
  });

  test("says which arguments would be lost: it is no bug", () => {
    const script = ["sh", "-c", 'exec "$@" "$(printf "\\377")"', "sh"];
    const { status, stderr } = ctl(["run", "--", "echo"], { under: [...under, ...script] });
    expect({ status, stderr: stderr.split("\n").find((line) => line.includes("error:")) }).toEqual({
      status: 3,
      stderr: "portreservectl: error: cannot run 'echo': without /proc an argument that is not UTF-8 is lost",
    });
  });
});

const obstacle = await noSandbox();

describe.skipIf(obstacle !== undefined)(named("with the table of a private /etc", obstacle), () => {
  const environment = { NODE: NODE, MAIN, PORTRESERVE_PREBUILD: process.env.PORTRESERVE_PREBUILD ?? "" };
  const theft = (command: string) =>
    play(`"$PIDEXEC" --pid "$THIEF" -- ${command} "$PROBE" --symbol bindresvport`, { cover: "nothing", environment });

  test("the theft happens without run, and not with it", async () => {
    expect(await theft("")).toEqual({ status: 0, stdout: '{"port":631}\n', stderr: "" });
    expect(await theft('"$NODE" "$MAIN" run --')).toEqual({ status: 0, stdout: '{"port":632}\n', stderr: "" });
  });

  test("a damaged table is told, and the command runs all the same", async () => {
    const { status, stdout, stderr } = await play('"$NODE" "$MAIN" run -- echo ran', {
      cover: "nothing",
      environment,
      etc: { "portreserve.table": "PORTRESERVE" },
    });
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: "ran\n",
      stderr:
        "portreservectl: warning: the table '/etc/portreserve.table' is too short, so nothing is reserved; the command runs all the same\n" +
        "hint: run 'sudo portreservectl compile'\n",
    });
  });

  test.skipIf(noRoot)(named("prefers the installed shim, by the path that serves every ABI", noRoot), async () => {
    const { stdout } = await play(
      'mkdir -p /usr/lib64/portreserve && cp "$SHIM" /usr/lib64/portreserve/ && "$NODE" "$MAIN" run -- sh -c \'echo "$LD_PRELOAD"\'',
      { cover: "nothing", environment: { ...environment, SHIM: built.shim }, overlays: ["/usr"] },
    );
    expect(stdout).toBe("/usr/$LIB/portreserve/libportreserve.so\n");
  });

  test("compiles for the host itself: /etc and /run as they are", async () => {
    const { stdout, stderr } = await play(
      '"$NODE" "$MAIN" compile; "$NODE" "$MAIN" compile; ls -A /run | grep -v "^portreserve-sandbox-"; stat -c %a /run/portreserve.lock; "$NODE" "$MAIN" lookup 783/tcp | head -n 1',
      {
        cover: "nothing",
        environment,
        empty: ["/run"],
        etc: { "portreserve.table": "", "portreserve/spamd": "783\n", services: "" },
      },
    );
    expect({ stdout, stderr }).toEqual({
      stdout:
        "+ 783/tcp+udp\nwritten: '/etc/portreserve.table', generation 1, 1 tcp and 1 udp ports (the old table was damaged)\n" +
        "the table is not in force yet: no program loads the shim → sudo portreservectl install\n" +
        "unchanged: '/etc/portreserve.table', generation 1, 1 tcp and 1 udp ports\n" +
        "the table is not in force yet: no program loads the shim → sudo portreservectl install\n" +
        "portreserve.lock\n600\n" +
        "783/tcp  reserved  spamd  /etc/portreserve/spamd:1\n",
      stderr: "",
    });
  });
});
