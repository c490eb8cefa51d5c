// Tools that look at a host's files report the shim, and the lines of docs/security-tools.md end that, and no more than that.
import { beforeAll, describe, expect, test } from "vitest";
import { blocksOf } from "../support/blocks.ts";
import { named } from "../support/can.ts";
import type { Steps } from "../support/steps.ts";
import { noToolsRoot, withTools } from "./tools-root.ts";

const reason = await noToolsRoot();
const page = blocksOf("docs/security-tools.md");
const REAL = "SHARED_LIB_WHITELIST=/usr/lib/x86_64-linux-gnu/portreserve/libportreserve.so";

/** Debian's rules for /etc and /run, with one checksum instead of ten, for the time it takes. */
const AIDE = `grep -v x_include /etc/aide/aide.conf | sed 's/^Checksums = .*/Checksums = sha256/' >/root/aide.conf
cat >>/root/aide.conf <<'END'
@@x_include /etc/aide/aide.conf.d ^(10_aide_run|31_aide_portreserve)$
/etc 0 Full
/run 0 Full
END
aide() { /usr/bin/aide --config /root/aide.conf "$@"; }
adopt() { mv /var/lib/aide/aide.db.new /var/lib/aide/aide.db; }
`;

const SCRIPT = `rkhunter() { /usr/bin/rkhunter --check --sk --nocolors --rwo --enable shared_libs "$@"; }
${AIDE}
step hunted chkrootkit ldsopreload
step made aide --init
adopt
step listed portreservectl install
step warned rkhunter
echo '${REAL}' >/etc/rkhunter.conf.local
step real-path rkhunter
cat >/etc/rkhunter.conf.local <<'END'
${page("rkhunter")}END
step allowed rkhunter
another=$(ls /usr/lib/*-linux-gnu/libm.so.6)
echo "$another" >>/etc/ld.so.preload
step another rkhunter
step another-hunted chkrootkit ldsopreload
sed -i '$d' /etc/ld.so.preload
step added aide --update
adopt
step adopted aide --check
echo '640/tcp hold' >>/etc/portreserve/cups
portreservectl compile >/dev/null 2>&1
step compiled aide --check
cat >/etc/aide/aide.conf.d/31_aide_portreserve <<'END'
${page("aide")}END
aide --init >/dev/null
adopt
echo 641/tcp >>/etc/portreserve/cups
portreservectl compile >/dev/null 2>&1
echo '# ' >>/etc/ld.so.preload
step ruled aide --check
step sums debsums --silent portreservectl
printf x >>/usr/lib/x86_64-linux-gnu/portreserve/libportreserve.so
step changed debsums --silent portreservectl
step verified dpkg --verify portreservectl
`;

/** The names that a report of AIDE has. */
const reported = (text: string): readonly string[] =>
  [...text.matchAll(/^[fdl][^:\n]{14,}: (\/\S+)$/gm)].map(([, name = ""]) => name);

describe.skipIf(reason !== undefined)(named("on Debian 12", reason), () => {
  let ran: Steps;
  beforeAll(async () => {
    ran = await withTools(SCRIPT);
  }, 600_000);

  test("rkhunter warns of the library, until its entry is allowed as it stands in the list", () => {
    const warning = "Warning: Found preloaded shared library: /usr/$LIB/portreserve/libportreserve.so\n";
    expect(ran("listed")).toMatchObject({ status: 0, stderr: "" });
    expect(ran("warned")).toMatchObject({ status: 1, stdout: warning });
    expect(ran("real-path")).toMatchObject({ status: 1, stdout: warning });
    expect(ran("allowed")).toMatchObject({ status: 0, stdout: "" });
    const { status, stdout } = ran("another");
    expect(status).toBe(1);
    expect(stdout).toMatch(/^Warning: Found preloaded shared library: \/usr\/lib\/[^/]*\/libm\.so\.6\n$/);
  });

  test("chkrootkit says nothing of a preload list, whatever is in it", () => {
    for (const name of ["hunted", "another-hunted"]) expect(ran(name).stdout).toMatch(/ not infected$/m);
  });

  test("AIDE reports what install writes, once", () => {
    const names = reported(ran("added").stdout);
    expect(names).toEqual(expect.arrayContaining(["/etc/ld.so.preload", "/etc/portreserve.table"]));
    expect(ran("adopted").status).toBe(0);
  });

  test("AIDE reports each new table, until its rules say that they change; the list and the reservations it still reports", () => {
    const tables = ["/etc/portreserve.hold", "/etc/portreserve.table"];
    expect(reported(ran("compiled").stdout)).toEqual(expect.arrayContaining([...tables, "/etc/portreserve/cups"]));
    const names = reported(ran("ruled").stdout);
    expect(names).toEqual(expect.arrayContaining(["/etc/ld.so.preload", "/etc/portreserve/cups"]));
    expect(names.filter((name) => tables.includes(name) || name.startsWith("/run/portreserve"))).toEqual([]);
  });

  test("debsums and dpkg find nothing, and a changed library", () => {
    expect(ran("sums")).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(ran("changed")).toMatchObject({ status: 2, stderr: expect.stringContaining("libportreserve.so") });
    expect(ran("verified").stdout).toMatch(/^..5.* \/usr\/lib\/.*\/libportreserve\.so$/m);
  });
});
