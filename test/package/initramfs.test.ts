// What initramfs-tools and dracut take into their images of a host with the shim, and what dracut leaves out where the list names a library that is missing.
import { beforeAll, describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import type { Steps } from "../support/steps.ts";
import { noToolsRoot, withTools } from "./tools-root.ts";

const reason = await noToolsRoot();

/** For a kernel without modules, since only programs and libraries matter here. */
const SCRIPT = `kernel=6.1.0-0-none
modules=/lib/modules/$kernel
mkdir -p $modules /boot
for file in order builtin builtin.modinfo; do : >$modules/modules.$file; done
depmod $kernel
echo CONFIG_RD_GZIP=y >/boot/config-$kernel
printf 'MODULES=list\\nCOMPRESS=gzip\\n' >/etc/initramfs-tools/conf.d/here
debian() { update-initramfs "$1" -k $kernel; }
fedora() { dracut --quiet --force --no-hostonly --no-kernel --kver $kernel --modules base /tmp/image; }
step listed portreservectl install
step debian debian -c
step in-debian lsinitramfs /boot/initrd.img-$kernel
step fedora fedora
step in-fedora lsinitramfs /tmp/image
{
  rm -r /usr/lib/*-linux-gnu/portreserve
  step missing-debian debian -u
  step missing-in-debian lsinitramfs /boot/initrd.img-$kernel
  step missing-fedora fedora
  step missing-in-fedora lsinitramfs /tmp/image
} 2>/dev/null
`;

const LIBC = /^usr\/lib\/[^/]*-linux-gnu\/libc\.so\.6$/m;
const LOADER = /^usr\/lib\/[^/]*-linux-gnu\/ld-linux-[^/]*$/m;
const SHIM = /^usr\/lib\/[^/]*-linux-gnu\/portreserve\/libportreserve\.so$/m;
const LIST = /^etc\/ld\.so\.preload$/m;

describe.skipIf(reason !== undefined)(named("an initramfs of a host with the shim", reason), () => {
  let ran: Steps;
  beforeAll(async () => {
    ran = await withTools(SCRIPT);
  }, 600_000);

  test.each([
    ["initramfs-tools", "debian"],
    ["dracut", "fedora"],
  ])("by %s has libc and no list, so that the shim is in none of its programs", (_, maker) => {
    expect(ran("listed").status).toBe(0);
    expect(ran(maker).status).toBe(0);
    const files = ran(`in-${maker}`).stdout;
    expect(files).toMatch(LIBC);
    expect(files).toMatch(LOADER);
    expect(files).not.toMatch(LIST);
    // The library comes along, as all that a program loads, and nothing names it.
    expect(files).toMatch(SHIM);
  });

  test("by dracut has neither libc nor loader where the list names a library that is missing, and dracut succeeds", () => {
    expect(ran("missing-fedora").status).toBe(0);
    const files = ran("missing-in-fedora").stdout;
    expect(files).toMatch(/^usr\/bin\/sh/m);
    expect(files).not.toMatch(SHIM);
    expect(files).not.toMatch(LIBC);
    expect(files).not.toMatch(LOADER);
  });

  test("by initramfs-tools is not made then, and the old one stays", () => {
    expect(ran("missing-debian").status).toBe(1);
    expect(ran("missing-debian").stderr).toMatch(/^E: .*\/hooks\/\S+ failed/m);
    expect(ran("missing-in-debian").stdout).toBe(ran("in-debian").stdout);
  });
});
