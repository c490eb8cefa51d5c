// Boots a machine: a real Debian kernel in qemu, with this checkout's builds inside. What it writes is thrown away, unless its disk is its own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Agent, agentOf } from "./agent.ts";
import type { Console } from "./console.ts";
import { type Disk, diskOf, type Generator, type Kernel, type Release } from "./disks.ts";
import type { OwnDisk } from "./own-disk.ts";
import { COMMAND, PROJECT, writeProject } from "./project.ts";
import { type Drive, PATIENCE, startQemu } from "./qemu.ts";
import { STAGE_PREFIX, sweepMachines } from "./support.ts";

export { PROJECT } from "./project.ts";

export interface MachineRequest {
  readonly release: Release;
  readonly kernel: Kernel;
  /** More for the kernel's command line. */
  readonly kernelArguments?: readonly string[];
  /** More for qemu: devices. */
  readonly devices?: readonly string[];
  /** Its root, with the project in it; the release's, of which nothing is changed, if undefined. */
  readonly root?: OwnDisk;
  /** Another disk, /dev/vdb, for a machine whose root is its own. */
  readonly second?: OwnDisk;
  /** Whether what it writes into disks of its own is thrown away even so. */
  readonly forgets?: boolean;
  /** Who has made what the kernel starts from; if undefined, init.sh, which does little and is quick. */
  readonly generator?: Generator;
}

export interface Machine extends Agent {
  readonly disk: Disk;
  /** All that the machine has of the host's file system while it runs, beside its disk, which it does not change. */
  readonly stage: string;
  /** What the kernel and systemd have said. */
  readonly console: () => string;
  /** Switches it off as a power cut does, and returns when nothing is left of it. */
  readonly stop: () => Promise<void>;
}

/** A machine that may never come up. */
export interface Started {
  readonly console: Console;
  /** Returns when systemd has started all it was to start. Throws, and stops it, when that never happens. */
  readonly up: () => Promise<Machine>;
  readonly stop: () => Promise<void>;
}

/** Returns when systemd has started all it was to start. */
export async function bootMachine(request: MachineRequest): Promise<Machine> {
  return (await startMachine(request)).up();
}

export async function startMachine(request: MachineRequest): Promise<Started> {
  const disk = await diskOf(request.release);
  sweepMachines();
  const stage = mkdtempSync(path.join(tmpdir(), `${STAGE_PREFIX}${process.pid}-`));
  const { root, generator, kernel, kernelArguments = [], devices = [] } = request;
  const qemu = startQemu({
    kernel: disk.kernel(kernel),
    initrd: generator === undefined ? disk.initrd(kernel) : disk.initrdBy(generator),
    words: [
      "console=ttyS0 quiet audit_backlog_limit=8192",
      // On a busy host the timer's interrupt is late for the kernel's own check, and it would panic.
      "no_timer_check",
      // A kernel that has panicked stays, as a host's does, and no initramfs gives a shell where it is to reboot.
      ...(generator === undefined ? ["panic=-1"] : ["root=/dev/vda ro"]),
      ...kernelArguments,
    ],
    drives: drivesOf(request, disk, stage),
    devices,
    stage,
  });
  const agent = agentOf(qemu);
  const stop = async (): Promise<void> => {
    qemu.child.kill("SIGKILL");
    await qemu.gone;
    rmSync(stage, { recursive: true, force: true });
  };
  const machine: Machine = { ...agent, disk, stage, stop, console: () => qemu.complaints() + qemu.console.text() };
  return {
    console: qemu.console,
    stop,
    up: async () => {
      try {
        if (root === undefined) await machine.output(UNPACK, PATIENCE);
        await machine.output("systemctl is-system-running --wait >/dev/null || :", PATIENCE);
        return machine;
      } catch (error) {
        await stop();
        throw error;
      }
    },
  };
}

/** As if it had been unpacked there, with the labels that files get there. */
const UNPACK = `mount -o ro /dev/vdb /mnt && mkdir -p ${PROJECT} && cp -r /mnt/. ${PROJECT} && umount /mnt
cat >${COMMAND.file} <<'END'
${COMMAND.text}END
chmod 755 ${COMMAND.file}`;

function drivesOf({ root, second, forgets = false }: MachineRequest, disk: Disk, stage: string): readonly Drive[] {
  if (root !== undefined) {
    return [root, ...(second === undefined ? [] : [second])].map(({ image }) => ({ file: image, keeps: !forgets }));
  }
  const project = path.join(stage, "project.img");
  writeProject(path.join(stage, "project"), project);
  return [disk.image, project].map((file) => ({ file, keeps: false }));
}
