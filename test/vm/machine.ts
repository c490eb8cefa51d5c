// Boots a machine: a real Debian kernel in qemu without KVM, with this checkout's builds on a second disk. Whatever it writes is thrown away.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { nativeFolder, packageRoot } from "../../src/core/native.ts";
import type { Ran } from "../support/cli.ts";
import { type Disk, diskOf, type Kernel, type Release } from "./disks.ts";
import { STAGE_PREFIX, sweepMachines } from "./support.ts";

export interface MachineRequest {
  readonly release: Release;
  readonly kernel: Kernel;
  /** More for the kernel's command line. */
  readonly kernelArguments?: readonly string[];
  /** More for qemu: devices. */
  readonly devices?: readonly string[];
}

export interface Machine {
  readonly disk: Disk;
  /** All that the machine has of the host's file system while it runs, beside its disk, which it does not change. */
  readonly stage: string;
  /** Runs a script for sh(1) as root. Throws, with the console, when there is no answer in time. */
  readonly run: (script: string, timeout?: number) => Promise<Ran>;
  /** The standard output of a script that must succeed. */
  readonly output: (script: string, timeout?: number) => Promise<string>;
  /** What the kernel and systemd have said. */
  readonly console: () => string;
  /** Switches it off, and returns when nothing is left of it. */
  readonly stop: () => Promise<void>;
}

/** Where the project's files are in a machine; `portreservectl` is on its path. */
export const PROJECT = "/opt/portreserve";

/** Milliseconds. Only a machine that hangs takes so long. */
const PATIENCE = 1_200_000;

/** Returns when systemd has started all it was to start. */
export async function bootMachine(request: MachineRequest): Promise<Machine> {
  const disk = await diskOf(request.release);
  sweepMachines();
  const stage = mkdtempSync(path.join(tmpdir(), `${STAGE_PREFIX}${process.pid}-`));
  const qemu = start(stage, disk, request);
  const gone = new Promise<string>((resolve) => {
    qemu.on("error", (error) => resolve(error.message));
    qemu.on("close", (status, signal) => resolve(`qemu has ended: ${signal ?? status}`));
  });
  // vitest's worker may outlive a vitest that was killed.
  const end = (): boolean => qemu.kill("SIGKILL");
  process.once("disconnect", end);
  void gone.then(() => process.off("disconnect", end));
  const machine = machineOf(qemu, gone, stage, disk);
  try {
    await machine.output(
      // As if it had been unpacked there, with the labels that files get there.
      `mount -o ro /dev/vdb /mnt && mkdir -p ${PROJECT} && cp -r /mnt/. ${PROJECT} && umount /mnt
printf '#!/bin/sh\\nexec node ${PROJECT}/dist/portreservectl.mjs "$@"\\n' >/usr/local/bin/portreservectl
chmod 755 /usr/local/bin/portreservectl
systemctl is-system-running --wait >/dev/null || :`,
      PATIENCE,
    );
    return machine;
  } catch (error) {
    await machine.stop();
    throw error;
  }
}

function start(stage: string, disk: Disk, request: MachineRequest): ChildProcess {
  const project = path.join(stage, "project.img");
  writeProject(path.join(stage, "project"), project);
  const { kernel, kernelArguments = [], devices = [] } = request;
  const drive = (file: string): string[] => ["-drive", `file=${file},format=raw,if=virtio,snapshot=on`];
  const command = [
    // It must not live longer than whoever looks at it.
    ...["--pdeathsig", "KILL", "--", "nice", "-n", "15", "qemu-system-x86_64"],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-nic", "none"],
    ...["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1536"],
    ...["-kernel", disk.kernel(kernel), "-initrd", disk.initrd(kernel)],
    ...["-append", ["console=ttyS0 quiet panic=-1 audit_backlog_limit=8192", ...kernelArguments].join(" ")],
    ...drive(disk.image),
    ...drive(project),
    ...["-chardev", `file,id=console,path=${path.join(stage, "console")}`, "-serial", "chardev:console"],
    ...["-device", "virtio-serial-pci", "-chardev", "stdio,id=agent,signal=off"],
    ...["-device", "virtserialport,chardev=agent,name=agent"],
    ...devices,
  ];
  return spawn("setpriv", command, {
    cwd: "/",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C", TMPDIR: stage },
    stdio: ["pipe", "pipe", "pipe"],
  });
}

/** The package as `install` needs it, with the probe beside it. */
function writeProject(folder: string, image: string): void {
  const native = path.join(folder, "build", "Release");
  mkdirSync(native, { recursive: true });
  mkdirSync(path.join(folder, "dist"));
  const copy = (name: string, from: string): void =>
    copyFileSync(path.join(from, path.basename(name)), path.join(folder, name));
  copy("package.json", packageRoot);
  copy("dist/portreservectl.mjs", path.join(packageRoot, "dist"));
  for (const name of ["portreserve.node", "libportreserve.so", "portreserve-probe", "portreserve-pidexec"]) {
    copy(`build/Release/${name}`, nativeFolder());
  }
  const made = spawnSync("mke2fs", ["-q", "-t", "ext4", "-O", "^has_journal", "-d", folder, image, "32M"], {
    encoding: "utf8",
    env: { PATH: "/usr/sbin:/sbin:/usr/bin:/bin" },
  });
  rmSync(folder, { recursive: true });
  if (made.status !== 0) throw new Error(`mke2fs: ${made.stderr}`);
}

function machineOf(qemu: ChildProcess, gone: Promise<string>, stage: string, disk: Disk): Machine {
  let said = "";
  qemu.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  let end: string | undefined;
  void gone.then((reason) => {
    end = reason;
  });
  const log = (): string => {
    try {
      return said + readFileSync(path.join(stage, "console"), "utf8");
    } catch {
      return said;
    }
  };
  const nextLine = lines(qemu);
  let last: Promise<unknown> = Promise.resolve();

  const ask = async (script: string, timeout: number): Promise<Ran> => {
    if (end !== undefined) throw new Error(`${end}\n${log()}`);
    // A port that nobody has opened in the machine keeps what it is sent.
    qemu.stdin?.write(`${Buffer.from(script).toString("base64")}\n`);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        // The answer may come yet, and would be taken for that to the next question.
        end = `no answer after ${timeout} ms: ${script}`;
        reject(new Error(`${end}\n${log()}`));
      }, timeout);
    });
    const ended = gone.then((reason): never => {
      throw new Error(`${reason}\n${log()}`);
    });
    ended.catch(() => undefined);
    try {
      const [status, stdout = "", stderr = ""] = (await Promise.race([nextLine(), late, ended])).split(" ");
      const text = (base64: string): string => Buffer.from(base64, "base64").toString();
      return { status: Number(status), stdout: text(stdout), stderr: text(stderr) };
    } finally {
      clearTimeout(timer);
    }
  };
  const run: Machine["run"] = (script, timeout = PATIENCE) => {
    const answer = last.then(() => ask(script, timeout));
    last = answer.catch(() => undefined);
    return answer;
  };
  return {
    disk,
    stage,
    run,
    output: async (script, timeout) => {
      const { status, stdout, stderr } = await run(script, timeout);
      if (status !== 0) throw new Error(`in the machine, status ${status}: ${script}\n${stdout}${stderr}`);
      return stdout;
    },
    console: log,
    stop: async () => {
      qemu.kill("SIGKILL");
      await gone;
      rmSync(stage, { recursive: true, force: true });
    },
  };
}

/** Each call gives the next line of standard output, when it is there. */
function lines(child: ChildProcess): () => Promise<string> {
  const ready: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  let rest = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) {
      const next = waiting.shift();
      if (next === undefined) ready.push(line);
      else next(line);
    }
  });
  return () => {
    const line = ready.shift();
    return line === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(line);
  };
}
