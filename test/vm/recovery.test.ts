// The recovery page's hosts that do not start, for real: Debian's kernel with the initramfs of initramfs-tools and of dracut, and what the page says typed into the console.
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Broken, LIBRARY, LIST, libraries } from "../recovery/broken-libraries.ts";
import { cure, page, rows } from "../recovery/page.ts";
import { named } from "../support/can.ts";
import { wordsOf } from "./console.ts";
import { diskOf, type Generator } from "./disks.ts";
import { record } from "./evidence.ts";
import { bootMachine, type Machine, type Started, startMachine } from "./machine.ts";
import { copyOf, type OwnDisk, ownDisk } from "./own-disk.ts";
import { noMachine } from "./support.ts";

const notHere = noMachine();

const MOST_BOOTS = 5;
/** In milliseconds, after the kernel's last line. */
const LAST_WORDS = 10_000;

/** The kernel has the status as wait(2) does; a shell adds 128 to a signal. */
const exitcode = (status: number): string =>
  `0x${(status > 128 ? status - 128 : status << 8).toString(16).padStart(8, "0")}`;

describe.skipIf(notHere !== undefined)(named("a host that does not start", notHere), () => {
  const disks: OwnDisk[] = [];
  const running: { readonly stop: () => Promise<void> }[] = [];
  let broken: OwnDisk;
  beforeAll(async () => {
    broken = ownDisk(await diskOf("bookworm"), breaking("lacks a function"));
    disks.push(broken);
  });
  afterAll(async () => {
    for (const machine of running) await machine.stop();
    for (const disk of disks) disk.remove();
  });

  const breaking = (library: Broken): Readonly<Record<string, Uint8Array>> => ({
    [LIST]: Buffer.from(`${LIBRARY}\n`),
    [LIBRARY]: libraries[library]() ?? Buffer.alloc(0),
  });
  const start = async (root: OwnDisk, generator: Generator, words: string, forgets = false): Promise<Started> => {
    const started = await startMachine({
      ...{ release: "bookworm", kernel: "cloud", root, generator, forgets },
      kernelArguments: words === "" ? [] : [words],
    });
    running.push(started);
    return started;
  };
  const boot = async (root: OwnDisk, second?: OwnDisk): Promise<Machine> => {
    const machine = await bootMachine({
      ...{ release: "bookworm", kernel: "cloud", root, generator: "initramfs-tools" },
      ...(second === undefined ? {} : { second }),
    });
    running.push(machine);
    return machine;
  };
  /**
   * Boots the broken host with `words`, which must end in a panic; gives the status of its first process, which says `says`: at
   * one boot of some, since what is on its way to the console when the kernel panics may be lost.
   */
  const panic = async (generator: Generator, words = "", says = ""): Promise<string> => {
    for (let left = MOST_BOOTS; ; left -= 1) {
      const { console, stop } = await start(broken, generator, words, true);
      const text = await console.until(/---\[ end Kernel panic - .*\n/);
      // The last of it may come later, and in the middle of what the kernel says.
      const heard = (): string => wordsOf(console.text()).replace(/\S+\/(?=libc\.so\.6:)/, "");
      for (const since = Date.now(); !heard().includes(says) && Date.now() - since < LAST_WORDS; )
        await setTimeout(100);
      await stop();
      const code = /Kernel panic - not syncing: Attempted to kill init! exitcode=(\S+)\n/.exec(text)?.[1];
      if (code === undefined) return text;
      if (heard().includes(says)) return code;
      if (left === 1) throw new Error(`it never says ${says}\n${heard()}`);
    }
  };
  const freshlyBroken = (): OwnDisk => {
    const disk = copyOf(broken);
    disks.push(disk);
    return disk;
  };
  /** Programs run, and those that had to start at boot did. */
  const expectWell = async (machine: Machine): Promise<void> => {
    expect(await machine.run("ls -d /etc && sh -c 'echo runs' && bash -c 'echo runs'")).toEqual({
      status: 0,
      stdout: "/etc\nruns\nruns\n",
      stderr: "",
    });
    expect(await machine.output("systemctl --failed --plain --no-legend")).toBe("");
  };

  test.each([
    "is cut short",
    "is cut short, and was larger than a page",
    "was built for a newer system",
    "lacks a function",
  ] as const satisfies readonly Broken[])(
    "because its library %s ends in a panic, with the page's status and words",
    async (library) => {
      broken.write(breaking(library));
      const row = rows.find((one) => one.library === library);
      const says = row?.says.replace("PROGRAM", "/sbin/init").replace("LIBRARY", LIBRARY).replace("LIBC", "libc.so.6");
      // What a signal means is said by shells only.
      const own = says?.startsWith("/sbin/init: ") ? says : "";
      const code = exitcode(row?.status ?? Number.NaN);
      expect(await panic("initramfs-tools", "", own)).toBe(code);
      expect(page).toContain(`${code}\``);
    },
  );

  test.each(["single", "emergency", "systemd.unit=rescue.target", "init=/bin/sh", "init=/bin/bash"])(
    "panics with %s too",
    async (words) => {
      expect(await panic("initramfs-tools", words)).toBe(exitcode(127));
    },
  );

  test("reboots with break=bottom where the kernel's line has panic=", async () => {
    const { console, stop } = await start(broken, "initramfs-tools", "panic=1 break=bottom", true);
    expect(await console.until(/Rebooting automatically due to panic= boot argument/)).not.toContain("(initramfs)");
    await stop();
  });

  test("starts with break=bottom and the page's commands, and installs; and again, and cures another disk's", async (context) => {
    const disk = freshlyBroken();
    const { console, up } = await start(disk, "initramfs-tools", "break=bottom");
    const said = await console.typeAt(/\(initramfs\) $/, cure("initramfs-tools"));
    expect(said).not.toMatch(/mount:|mv:/);
    console.type("exit");
    const cured = await up();
    await expectWell(cured);
    expect(await cured.output(`cat ${LIST}.broken; ls ${LIST} 2>&1 || :`)).toBe(
      `${LIBRARY}\nls: cannot access '${LIST}': No such file or directory\n`,
    );
    expect(await cured.run("portreservectl install")).toMatchObject({ status: 0, stderr: "" });
    await cured.output("sync");
    await record(context, cured, {
      control:
        "Kernel panic - not syncing: Attempted to kill init!, also with single, emergency, rescue.target, init=/bin/sh",
      result: "starts, and once more with the shim that install put there",
    });
    await cured.stop();

    // Another machine that has the disk.
    const other = freshlyBroken();
    const again = await boot(disk, other);
    await expectWell(again);
    expect(await again.output(`cat ${LIST}`)).toMatch(/\/libportreserve\.so\n$/);
    expect(await again.output("portreservectl install")).toMatch(/^unchanged/);
    await again.output(`mount /dev/vdb /mnt && chattr +i /mnt${LIST}`);
    expect((await again.run("chroot /mnt /bin/true")).status).toBe(127);
    const refused = await again.run(cure("rescue"));
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining("Operation not permitted") });
    await again.output(`set -e\n${cure("immutable")}${cure("rescue")}`);
    await again.output("chroot /mnt /bin/true && umount /mnt");
    await again.stop();
    const rescued = await boot(other);
    await expectWell(rescued);
    await rescued.stop();
  });

  test("starts with rd.break and the page's commands, where dracut has made the initramfs", async (context) => {
    expect(await panic("dracut")).toBe(exitcode(127));
    const { console, up } = await start(freshlyBroken(), "dracut", "rd.break");
    await console.until(/Press Enter for maintenance/);
    await console.enterUntil(/# $/);
    const said = await console.typeAt(/# $/, cure("dracut"));
    expect(said).not.toMatch(/mount:|mv:/);
    console.type("exit");
    const cured = await up();
    await expectWell(cured);
    expect(await cured.output(`cat ${LIST}.broken`)).toBe(`${LIBRARY}\n`);
    await record(context, cured, { control: "the same panic", result: "starts" });
    await cured.stop();
  });

  test("starts with klibc's shell as its first process and the page's command", async (context) => {
    // What a host's line has besides is no argument of the shell's.
    const { console, up } = await start(freshlyBroken(), "initramfs-tools", "splash rw init=/usr/lib/klibc/bin/sh");
    const said = await console.typeAt(/(^|\n)# $/, cure("klibc"));
    expect(said).not.toContain("cannot create");
    console.type("exec /sbin/init");
    const cured = await up();
    await expectWell(cured);
    expect(await cured.output(`cat ${LIST}`)).toBe("\n");
    await record(context, cured, { control: "the same panic with init=/bin/sh or /bin/bash", result: "starts" });
    await cured.stop();
  });
});
