// The cures for a host that does not start, from another root with its own programs: no machine is booted, the broken root is mounted in it.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { noSandbox } from "../support/sandbox.ts";
import { LIBRARY } from "./broken-libraries.ts";
import { cure } from "./page.ts";
import { inRoom, noBusybox, noImmutable, noKlibc } from "./rooms.ts";

const reason = await noSandbox();

/** The other root: the host's programs, or nothing but BusyBox, and an empty list. */
const OTHER = {
  "the host's programs": 'root "$other"',
  BusyBox: `mkdir -p "$other/bin" "$other/proc" "$other/etc"
mount --rbind /proc "$other/proc"
cp "$BUSYBOX" "$other/bin/busybox"
for applet in sh mount mv chroot; do ln -s busybox "$other/bin/$applet"; done`,
} as const;

const AFTER = `broken: programs fail
the other root: programs run
cured: programs run
${LIBRARY}
`;

/** The broken root is at `at` of the other one, which runs the cure. */
async function cured(other: keyof typeof OTHER, at: string, commands: string): Promise<string> {
  const script = `other=$SCRATCH/other
mkdir "$other"
${OTHER[other]}
IN=$other${at}
broken_root "$IN"
breaks "$IN"
${at === "/mnt" ? "" : 'mount -o remount,ro "$IN"'}
chroot "$other" sh -c 'echo "the other root: programs run"'
chroot "$other" sh -c "$1"
tell cured
cat "$IN/etc/ld.so.preload.broken"
`;
  return (await inRoom(script, { args: [commands] })).stdout;
}

describe.each(["the host's programs", "BusyBox"] as const)("from a root with %s", (other) => {
  const missing = reason ?? (other === "BusyBox" ? noBusybox() : undefined);

  test.skipIf(missing !== undefined)(named("the root of Debian's initramfs is cured", missing), async () => {
    expect(await cured(other, "/root", cure("initramfs-tools"))).toBe(AFTER);
  });

  test.skipIf(missing !== undefined)(named("the root of dracut's initramfs is cured", missing), async () => {
    expect(await cured(other, "/sysroot", cure("dracut"))).toBe(AFTER);
  });

  test.skipIf(missing !== undefined)(named("a root that a rescue system has mounted is cured", missing), async () => {
    expect(await cured(other, "/mnt", cure("rescue"))).toBe(AFTER);
  });

  test.skipIf(missing !== undefined)(named("control: without a cure it stays broken", missing), async () => {
    expect(await cured(other, "/mnt", "true")).toBe(
      AFTER.replace("cured: programs run", "cured: programs fail").replace(`${LIBRARY}\n`, ""),
    );
  });
});

const withoutImmutable = reason ?? (await noImmutable());
test.skipIf(withoutImmutable !== undefined)(
  named("from a rescue system an immutable list is moved once it is no longer immutable", withoutImmutable),
  async () => {
    const script = `IN=/mnt
broken_root "$IN"
breaks "$IN"
chattr +i "$IN/etc/ld.so.preload"
${cure("rescue")}
tell "still immutable"
${cure("immutable")}
${cure("rescue")}
tell cured
`;
    const { stdout, stderr } = await inRoom(script, { kind: "root" });
    expect(stdout).toBe("broken: programs fail\nstill immutable: programs fail\ncured: programs run\n");
    expect(stderr).toContain("Operation not permitted");
  },
);

const withoutKlibc = reason ?? noKlibc();
test.skipIf(withoutKlibc !== undefined)(
  named("klibc's shell starts in the broken root, as no other of its shells does, and cures it", withoutKlibc),
  async () => {
    const script = `IN=$SCRATCH/broken
broken_root "$IN"
breaks "$IN"
first() { { chroot "$IN" "$@"; } >/dev/null 2>&1 && echo "$1 starts" || echo "$1 fails"; }
first /bin/sh -c :
first /bin/bash -c :
first /lib/systemd/systemd --version
first /usr/lib/klibc/bin/sh -c :
chroot "$IN" /usr/lib/klibc/bin/sh -c "$1"
tell cured
first /bin/sh -c :
first /bin/bash -c :
first /lib/systemd/systemd --version
`;
    const { stdout } = await inRoom(script, { args: [cure("klibc")] });
    expect(stdout).toBe(`broken: programs fail
/bin/sh fails
/bin/bash fails
/lib/systemd/systemd fails
/usr/lib/klibc/bin/sh starts
cured: programs run
/bin/sh starts
/bin/bash starts
/lib/systemd/systemd starts
`);
  },
);
