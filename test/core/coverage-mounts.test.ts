// What the kernel writes about the mounts of processes.
import { describe, expect, test } from "vitest";
import { fileSystemsIn } from "../../src/observe/processes/file-systems.ts";
import { differingPlace } from "../../src/observe/processes/mountinfo.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

test("/proc/PID/mountinfo says which file systems answer by themselves, and at whose will a FUSE one does", () => {
  const line = (device: string, type: string, options = "rw") =>
    `30 1 ${device} / /a\\040b rw shared:1 master:2 - ${type} source ${options}\n`;
  const mountinfo = `${line("8:17", "ext4")}${line("0:300", "nfs4")}${line("0:5", "fuse.sshfs", "rw,user_id=1000,group_id=7")}${line("0:6", "fuseblk", "rw,user_id=0")}short line\n`;
  const system = (device: string, type: string, isLocal: boolean, userFuse?: number) => ({
    ...{ device, type, isLocal, userFuse, point: "/a\\040b" },
  });
  expect(fileSystemsIn(bytes(mountinfo))).toEqual([
    system("08:11", "ext4", true),
    system("00:12c", "nfs4", false),
    system("00:05", "fuse.sshfs", false, 1000),
    system("00:06", "fuseblk", false),
  ]);
});

describe("/proc/PID/mountinfo of two processes", () => {
  const mounts = (...rows: readonly string[]): Buffer =>
    bytes(rows.map((row, at) => `${at + 2} 1 ${row} rw,relatime shared:1 - ext4 /dev/x rw\n`).join(""));
  const host = ["8:1 / /", "0:5 / /proc", "0:6 / /run", "8:2 / /home"];

  test.each([
    ["nothing, where they are the same", [], undefined],
    ["nothing, where a folder is bound to itself", ["8:1 /usr /usr", "8:2 /x /home/x"], undefined],
    ["nothing, where something covers what is private", ["0:9 / /tmp", "0:9 /a /dev/shm"], undefined],
    ["nothing, where proc is another one that shows the same", ["0:7 / /proc", "0:7 /sys /proc/sys"], undefined],
    ["a folder that is hidden", ["0:6 /systemd/inaccessible/dir /home"], "/home"],
    ["a file that is hidden", ["0:6 /systemd/inaccessible/reg /etc/ld.so.preload"], "/etc/ld.so.preload"],
    ["a folder in the place of another", ["8:1 /srv/etc /etc"], "/etc"],
    ["a setting of the kernel that is hidden", ["0:6 /x /proc/sys/sunrpc"], "/proc/sys/sunrpc"],
    ["all settings hidden", ["0:6 /x /proc/sys"], "/proc/sys"],
    ["a process that is hidden", ["0:6 /x /proc/4711"], "/proc/4711"],
    [
      "nothing, where something covers what nobody reads",
      ["0:6 /x /proc/kcore", "0:6 /x /proc/sys/kernel/random/boot_id"],
      undefined,
    ],
    ["another root", ["8:9 / /"], "/"],
    ["the last mount at a place", ["8:9 / /srv", "8:1 /srv /srv"], undefined],
    ["no folder whose name only begins so", ["0:9 / /tmpfiles"], "/tmpfiles"],
  ])("lead to %s", (_, more, place) => {
    expect(differingPlace(mounts(...host, ...more), mounts(...host))).toBe(place);
    expect(differingPlace(mounts(...host), mounts(...host, ...more))).toBe(place);
  });
});
