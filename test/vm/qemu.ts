// Starts qemu, without KVM: a kernel, what it boots with, disks, a serial console that can be typed into, and the agent's port.
import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import { type Console, consoleOf } from "./console.ts";

/** Milliseconds. Only a machine that hangs takes so long. */
export const PATIENCE = 1_200_000;

export interface Drive {
  readonly file: string;
  /** Whether what the machine writes goes into the file; else it is thrown away. */
  readonly keeps: boolean;
}

export interface Hardware {
  readonly kernel: string;
  readonly initrd: string;
  /** The kernel's command line. */
  readonly words: readonly string[];
  /** In the machine /dev/vda, /dev/vdb and so on. */
  readonly drives: readonly Drive[];
  /** More for qemu. */
  readonly devices: readonly string[];
  /** A folder for qemu's temporary files. */
  readonly stage: string;
}

export interface Qemu {
  /** Its standard input and output are the agent's port. */
  readonly child: ChildProcess;
  readonly console: Console;
  /** What qemu itself has said. */
  readonly complaints: () => string;
  /** Why it has ended, once it has. */
  readonly gone: Promise<string>;
}

/** It ends with whoever has started it. */
export function startQemu({ kernel, initrd, words, drives, devices, stage }: Hardware): Qemu {
  const command = [
    // It must not live longer than whoever looks at it.
    ...["--pdeathsig", "KILL", "--", "nice", "-n", "15", "qemu-system-x86_64"],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-nic", "none"],
    ...["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1536"],
    ...["-kernel", kernel, "-initrd", initrd, "-append", words.join(" ")],
    ...drives.flatMap(({ file, keeps }) => [
      "-drive",
      // With 'writeback' a write of the machine's is in the host's memory when it is done: no more is lost with qemu.
      `file=${file},format=raw,if=virtio,${keeps ? "cache=writeback" : "snapshot=on"}`,
    ]),
    ...["-chardev", "socket,id=console,fd=3", "-serial", "chardev:console"],
    ...["-device", "virtio-serial-pci", "-chardev", "stdio,id=agent,signal=off"],
    ...["-device", "virtserialport,chardev=agent,name=agent"],
    ...devices,
  ];
  const child = spawn("setpriv", command, {
    cwd: "/",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C", TMPDIR: stage },
    // node makes the fourth a socket too.
    stdio: ["pipe", "pipe", "pipe", "pipe"],
  });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const gone = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (status, signal) => resolve(`qemu has ended: ${signal ?? status}`));
  });
  // vitest's worker may outlive a vitest that was killed.
  const end = (): boolean => child.kill("SIGKILL");
  process.once("disconnect", end);
  void gone.then(() => process.off("disconnect", end));
  return { child, console: consoleOf(child.stdio[3] as Duplex, gone, PATIENCE), complaints: () => said, gone };
}
