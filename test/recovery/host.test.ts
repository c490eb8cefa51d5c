// The cures for a host that runs: from a shell that is still open, with a program that needs no loader, and from outside.
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { noSandbox } from "../support/sandbox.ts";
import { type Broken, LIBRARY, LIST } from "./broken-libraries.ts";
import { cure } from "./page.ts";
import { inRoom, noBusybox, noImmutable, PRELUDE, type Seen } from "./rooms.ts";

const reason = await noSandbox();
const withoutBusybox = reason ?? noBusybox();
const withoutImmutable = withoutBusybox ?? (await noImmutable());

const fatal: readonly Broken[] = [
  "is cut short",
  "is cut short, and was larger than a page",
  "crashes when it is loaded",
  "lacks a function",
  "needs a library that is missing",
  "was built for a newer system",
];

describe.skipIf(reason !== undefined)(named("an open root shell", reason), () => {
  describe.each(["dash", "bash"] as const)("of %s", (shell) => {
    test.each(fatal)("cures a host whose library %s, by emptying the list", async (library) => {
      const script = `tell before\nbreaks\n${cure("look")}${cure("empty")}tell cured\n`;
      const { stdout } = await inRoom(script, { library, shell });
      expect(stdout).toBe(`before: programs run\nbroken: programs fail\n${LIBRARY}\ncured: programs run\n`);
    });

    test("puts another library back", async () => {
      // Any library that every program can load does.
      const script = `other=$(ldd /bin/true | sed -n 's/.*=> \\(.*libc\\.so[^ ]*\\) .*/\\1/p')
breaks
${cure("empty")}
${cure("restore", { "/path/of/another/library.so": "$other" })}
tell cured
read -r line < ${LIST}
[ -n "$other" ] && [ "$line" = "$other" ] && echo restored
`;
      const { stdout } = await inRoom(script, { shell });
      expect(stdout).toBe("broken: programs fail\ncured: programs run\nrestored\n");
    });

    test.each([
      ["is emptied, a program that runs does not", `: > ${LIBRARY}`, /^(read\n)?cat: 135\n$/],
      ["is copied over, a program that runs does not", `cp /bin/true ${LIBRARY}`, /^(read\n)?cat: (135|139)\n$/],
      ["is moved away, and so does a program that runs", `mv ${LIBRARY} ${LIBRARY}.away`, /^read\ncat: 0\n$/],
    ])("survives when its library %s", async (_, happens, seen) => {
      const script = `echo ${LIBRARY} > ${LIST}
mkfifo "$SCRATCH/pipe"
${shell} -c '
  # The program may be dead before it has read.
  trap "" PIPE
  cat "$SCRATCH/pipe" & exec 5> "$SCRATCH/pipe"
  ${happens}
  echo read >&5
  exec 5>&-
  wait $!
  echo "cat: $?"
'
`;
      const { stdout } = await inRoom(script, { library: "is whole", shell });
      expect(stdout).toMatch(seen);
    });
  });
});

/** Of a root at `at`: to be run by a shell in there that is open when its list breaks. */
function openedIn(at: string, inside: string, kind?: "root"): Promise<Seen> {
  const script = `broken_root "$SCRATCH/whole"
mkdir "$SCRATCH/whole/host" "$SCRATCH/read-only"
mount --bind "$SCRATCH/whole" "$SCRATCH/whole/host"
mount --rbind "$SCRATCH/whole" "$SCRATCH/read-only"
mount -o remount,bind,ro "$SCRATCH/read-only"
exec chroot "$SCRATCH/${at}" dash -c "$1"
`;
  return inRoom(script, { args: [PRELUDE + inside], ...(kind === undefined ? {} : { kind }) });
}

describe("a list that cannot be written", () => {
  // A user's tmpfs has an owner whom only root can name again.
  const withoutRoot = withoutBusybox ?? skipReason("root");
  // There the file system can be written through /host.
  test.skipIf(withoutRoot !== undefined)(
    named("because the root is read-only is emptied after a remount", withoutRoot),
    async () => {
      const inside = `breaks /host
${cure("empty")}
tell "not emptied"
${cure("remount")}
tell cured
`;
      const { stdout, stderr } = await openedIn("read-only", inside);
      expect(stdout).toBe("broken: programs fail\nnot emptied: programs fail\ncured: programs run\n");
      expect(stderr).toContain("Read-only file system");
    },
  );

  test.skipIf(withoutBusybox !== undefined)(
    named("because the root is read-only is covered", withoutBusybox),
    async () => {
      const inside = `breaks /host
${cure("cover")}
tell cured
umount ${LIST}
tell uncovered
`;
      const { stdout } = await openedIn("read-only", inside);
      expect(stdout).toBe("broken: programs fail\ncured: programs run\nuncovered: programs fail\n");
    },
  );

  test.skipIf(withoutImmutable !== undefined)(
    named("because it is immutable is covered, mended below the cover, and uncovered", withoutImmutable),
    async () => {
      // What is open already can still be written.
      const inside = `exec 3> ${LIST}
chattr +i ${LIST}
echo ${LIBRARY} >&3
exec 3>&-
tell broken
${cure("empty")}
tell "not emptied"
${cure("cover")}
tell covered
${cure("uncover")}
tell cured
cat ${LIST}
lsattr ${LIST} | cut -c 5
findmnt ${LIST}
`;
      const { stdout, stderr } = await openedIn("whole", inside, "root");
      expect(stdout).toBe(
        "broken: programs fail\nnot emptied: programs fail\ncovered: programs run\ncured: programs run\n\n-\n",
      );
      expect(stderr).toContain("Operation not permitted");
    },
  );
});

describe.skipIf(reason !== undefined)(named("a container that runs", reason), () => {
  test("is cured from outside through one of its processes", async () => {
    const script = `IN=$SCRATCH/container
broken_root "$IN"
mkfifo "$SCRATCH/pipe"
chroot "$IN" cat < "$SCRATCH/pipe" &
exec 5> "$SCRATCH/pipe"
# It has changed its root once it reads.
until [ "$(readlink "/proc/$!/exe")" != "$(readlink /proc/$$/exe)" ] && [ -e "/proc/$!/root${LIBRARY}" ]; do sleep 0.01; done
breaks "$IN"
${cure("container", { PID: "$!" })}
tell cured
IN=
tell outside
`;
    const { stdout } = await inRoom(script);
    expect(stdout).toBe("broken: programs fail\ncured: programs run\noutside: programs run\n");
  });
});
