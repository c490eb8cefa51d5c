// Power cuts: qemu is killed while `install` or `uninstall` is at work, and the same disk is booted again.
//
// What the machine has written but not flushed dies with it: its page cache, and whatever its journal had not committed. That is
// what a missing fsync(), or one in the wrong order, shows by, and the file 'lost' below is the control that such things are lost.
// What the machine has handed to its disk is in the host's memory, and is not lost: a disk that loses or reorders what is in its
// own cache is not shown. It would do so between two flushes only, for which the kernel's journal answers.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { FLUSH_TAKEN_OUT, withoutFlush } from "../support/fault/without-flush.ts";
import { diskOf } from "./disks.ts";
import { record } from "./evidence.ts";
import { type Machine, PROJECT, type Started, startMachine } from "./machine.ts";
import { type OwnDisk, ownDisk } from "./own-disk.ts";
import { noMachine } from "./support.ts";

const notHere = noMachine();
const SHIM = "/usr/lib/x86_64-linux-gnu/portreserve/libportreserve.so";
const BUNDLE = `${PROJECT}/dist/portreservectl.mjs`;
const LIST = "/etc/ld.so.preload";

type Verb = "install" | "uninstall";
/** A condition of sh(1), at whose first truth the power goes; or any moment. */
type Moment = `[ ${string} ]` | "any moment";

/** `after`: what completes it at the next boot. */
const CUTS: readonly { readonly verb: Verb; readonly moment: Moment; readonly after: Verb }[] = [
  { verb: "install", moment: `[ -e ${SHIM} ]`, after: "uninstall" },
  { verb: "install", moment: "[ -e /etc/portreserve.table ]", after: "install" },
  { verb: "uninstall", moment: `[ ! -e ${LIST} ]`, after: "install" },
  { verb: "uninstall", moment: `[ ! -e ${SHIM} ]`, after: "uninstall" },
  { verb: "install", moment: `[ -e ${LIST} ]`, after: "install" },
  { verb: "uninstall", moment: "any moment", after: "uninstall" },
  { verb: "install", moment: "[ -e /usr/lib/portreserve/package.json ]", after: "uninstall" },
  { verb: "install", moment: "any moment", after: "install" },
];

/** The next random number, below 1. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Everything that `install` puts there. */
const PARTS = `find /etc /usr/lib/portreserve /usr/lib/*/portreserve '(' -name '*portreserve*' -o -name '*ld.so.preload*' -o -path '/usr/*' ')' \
2>/dev/null | sort`;
/** Programs of every kind: a setuid one, one that is no C, one that allocates. */
const PROGRAMS = `ls -d /etc; bash -c 'echo bash'; node -p 1+1; mount --version; perl -e 'print "perl\\n"'; systemctl --version
ip -br link show lo; rpcinfo -T udp 127.0.0.1 portmapper 2`;

describe.skipIf(notHere !== undefined)(named("a machine whose power fails", notHere), () => {
  const seed = Number(process.env.PORTRESERVE_SEED ?? Date.now() % 2 ** 32);
  const random = randomFrom(seed);
  let disk: OwnDisk;
  let started: Started;
  let machine: Machine;
  /** How the machine was before anything was installed. */
  let well: string;
  /** What is there after each verb. */
  const parts: Partial<Record<Verb, string>> = {};
  const cuts: string[] = [];
  /** Seconds that a verb takes when it is let. */
  const takes: Record<Verb, number> = { install: 0, uninstall: 0 };

  const boot = async (): Promise<void> => {
    started = await startMachine({ release: "bookworm", kernel: "cloud", root: disk });
    machine = await started.up();
  };
  /** The state of systemd with what has failed, and what programs say. */
  const health = (): Promise<string> =>
    machine.output(`systemctl is-system-running; systemctl --failed --plain --no-legend
systemctl start rpcbind; { ${PROGRAMS}; } 2>&1
journalctl --boot --quiet --grep 'ld\\.so: object' || :`);
  /** Runs it to its end, and looks whether all is there, or all is gone. */
  const complete = async (verb: Verb): Promise<void> => {
    const begun = Date.now();
    const { status, stdout, stderr } = await machine.run(`portreservectl ${verb}`);
    takes[verb] = (Date.now() - begun) / 1000;
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    // What install has proved.
    if (verb === "install") expect(stdout).toContain("covered: every x86_64 program that starts from now on\n");
    const there = await machine.output(PARTS);
    parts[verb] ??= there;
    expect(there).toBe(parts[verb]);
  };

  beforeAll(async () => {
    console.log(`PORTRESERVE_SEED=${seed}`);
    disk = ownDisk(await diskOf("bookworm"), { "/etc/portreserve/cups": "631/tcp\n" });
    await boot();
    await machine.output("rm -f /etc/bindresvport.blacklist");
    well = await health();
    await complete("install");
    await complete("uninstall");
    expect(parts.uninstall).toBe("/etc/portreserve\n");
  });
  afterAll(async () => {
    await started?.stop();
    disk?.remove();
  });

  /** Cuts the power, and returns in what state the verb was. What is written without a flush shortly before is `lost`. */
  const cut = async (number: number, verb: Verb, moment: Moment): Promise<string> => {
    const wait = (random() * takes[verb]).toFixed(2);
    const until = moment === "any moment" ? `sleep ${wait}` : `until ${moment} || [ -e /run/ended ]; do :; done`;
    // The kernel flushes nothing of its own accord, however long it takes: the disk has what was to be flushed.
    await machine.output(
      `sysctl -q -w vm.dirty_writeback_centisecs=0 vm.dirty_expire_centisecs=360000
rm -f /run/ended /root/lost; echo kept >/root/kept; sync; echo ${number} >/root/number; sync /root/number`,
    );
    const answer = machine
      .run(`( portreservectl ${verb} >/run/verb 2>&1; : >/run/ended ) &
${until}
echo lost >/root/lost
if [ -e /run/ended ]; then echo 'cut: it has ended'; else echo 'cut: at work'; fi >/dev/console
cat /run/verb`)
      .catch(() => undefined);
    const said = await started.console.until(/cut: .*\n/);
    await started.stop();
    await answer;
    return (/cut: (.*)\n/.exec(said)?.[1] ?? said) + (moment === "any moment" ? ` (after ${wait} s)` : "");
  };

  test.each(CUTS.map((one, index) => ({ number: index + 1, ...one })))(
    "cut $number: during $verb, at $moment, starts again, and $after completes",
    async ({ number, verb, moment, after }) => {
      const was = await cut(number, verb, moment);
      await boot();
      const there = (await machine.output(PARTS)).trim().split("\n");
      cuts.push(`cut ${number}: ${verb} was ${was}, ${there.length} files and folders are there`);
      expect(await health()).toBe(well);
      expect(await machine.output("cat /root/kept /root/number /root/lost 2>/dev/null || :")).toBe(`kept\n${number}\n`);
      if (moment !== "any moment") expect(was).toBe("at work");
      await complete(after);
    },
  );

  test("has lost what it had not flushed at every cut, and nothing of ours", async (context) => {
    console.log(cuts.join("\n"));
    expect(cuts).toHaveLength(CUTS.length);
    expect(await machine.run("portreservectl verify --quick")).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("the host: covered"),
    });
    await complete("uninstall");
    await record(context, machine, {
      control: `a file written without a flush is lost or empty after each of ${cuts.length} cuts`,
      result: "starts each time as before, and the next install or uninstall completes",
    });
  });

  test("control: loses the files of an install that does not flush them", async (context) => {
    expect(await machine.output(withoutFlush(BUNDLE))).toBe(FLUSH_TAKEN_OUT);
    await cut(0, "install", "[ -e /usr/lib/portreserve/package.json ]");
    await boot();
    expect(await machine.output(`stat -c %s ${SHIM} ${LIST}`)).toBe("0\n0\n");
    expect(await health()).toBe(well);
    await record(context, machine, {
      control: "this is the control: fsync() of files left out of install",
      result: "starts, but the shim and the preload list are empty",
    });
  });
});
