// What files carry beside their bytes: the list keeps its own, and new files get the labels that other programs' rules know.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { HOME, LIST, library, noHost, onHost, TABLE } from "../support/host.ts";

const notHere = await noHost();

/** Without SELinux a label is an attribute like any other; `label FILE NAME=TEXT…` sets some, `carries FILE` shows all. */
const SCRIPT = `cat >"$SCRATCH/label.cjs" <<'END'
const { openSync } = require("node:fs");
const addon = require(process.argv[2]);
for (const [name, value] of process.argv.slice(4).map((pair) => pair.split("=")))
  addon.setAttribute(openSync(process.argv[3], "r"), name, name.startsWith("system.") ? Buffer.from(value, "hex") : Buffer.from(value + "\\0"));
END
cat >"$SCRATCH/carries.cjs" <<'END'
const { openSync, statSync } = require("node:fs");
const { mode, uid, gid } = statSync(process.argv[3]);
console.log((mode & 0o7777).toString(8), uid + ":" + gid);
for (const { name, value } of require(process.argv[2]).attributes(openSync(process.argv[3], "r")).sort((a, b) => (a.name < b.name ? -1 : 1)))
  console.log(name, name.startsWith("system.") ? Buffer.from(value).toString("hex") : Buffer.from(value).toString().replace(/\\0$/, ""));
END
label() { "$NODE" "$SCRATCH/label.cjs" "$ADDON" "$@"; }
carries() { "$NODE" "$SCRATCH/carries.cjs" "$ADDON" "$@"; }
CACHE=/etc/ld.so.cache
LIBC=$(readlink -f "\${LIBRARY%/portreserve/*}/libc.so.6")
label $CACHE security.selinux=system_u:object_r:ld_so_cache_t:s0
label "$LIBC" security.selinux=system_u:object_r:lib_t:s0
`;
const host = { environment: { LIBRARY: library } };
/** An access control list, as acl(5) says it is stored: u::rw-,u:65534:r--,g::r--,m::r--,o::r--. */
const ACL = [
  "02000000",
  "01000600ffffffff",
  "02000400feff0000",
  "04000400ffffffff",
  "10000400ffffffff",
  "20000400ffffffff",
].join("");

describe.skipIf(notHere !== undefined)(named("with labels", notHere), () => {
  test("new files get those of the loader's cache and of libc, and others none", async () => {
    const ran = await onHost(
      `${SCRIPT}
step install ctl install
step list carries ${LIST}
step table carries ${TABLE}
step library carries ${library}
step manager carries ${HOME}/package.json
step again ctl install
step uninstall ctl uninstall`,
      host,
    );
    expect(ran("install")).toMatchObject({ status: 0, stderr: "" });
    expect(ran("list").stdout).toBe("644 0:0\nsecurity.selinux system_u:object_r:ld_so_cache_t:s0\n");
    expect(ran("table").stdout).toBe("644 0:0\nsecurity.selinux system_u:object_r:ld_so_cache_t:s0\n");
    expect(ran("library").stdout).toBe("644 0:0\nsecurity.selinux system_u:object_r:lib_t:s0\n");
    expect(ran("manager").stdout).toBe("644 0:0\n");
    expect(ran("again").stdout).toMatch(/^unchanged/);
    expect(ran("uninstall")).toMatchObject({ status: 0, stderr: "" });
  });

  test("a table with another type than the loader's cache is compiled again, whoever wrote the cache", async () => {
    const ran = await onHost(
      `${SCRIPT}
step install ctl install
label ${TABLE} security.selinux=system_u:object_r:etc_t:s0
step compile ctl compile
step table carries ${TABLE}
label $CACHE security.selinux=unconfined_u:object_r:ld_so_cache_t:s0
step again ctl compile`,
      host,
    );
    expect(ran("compile")).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("(the old table did not have the label of the loader's cache)"),
      stderr: "",
    });
    expect(ran("table").stdout).toBe("644 0:0\nsecurity.selinux system_u:object_r:ld_so_cache_t:s0\n");
    expect(ran("again").stdout).toMatch(/^unchanged/);
  });

  test("a list that was there keeps its owner, mode, access control list and attributes", async () => {
    const ran = await onHost(
      `${SCRIPT}
echo '# ours' >${LIST}; chown 65534:1 ${LIST}
label ${LIST} security.selinux=user_u:object_r:etc_t:s0 user.note=kept system.posix_acl_access=${ACL}
step before carries ${LIST}
step install ctl install
step between carries ${LIST}
step uninstall ctl uninstall
step after carries ${LIST}
step content cat ${LIST}`,
      host,
    );
    const { stdout } = ran("before");
    expect(stdout).toBe(
      `644 65534:1\nsecurity.selinux user_u:object_r:etc_t:s0\nsystem.posix_acl_access ${ACL}\nuser.note kept\n`,
    );
    expect(ran("install")).toMatchObject({ status: 0, stderr: "" });
    expect(ran("between").stdout).toBe(stdout);
    expect(ran("after").stdout).toBe(stdout);
    expect(ran("content").stdout).toBe("# ours\n");
  });

  test("a list that is rolled back keeps them too", async () => {
    const ran = await onHost(
      `${SCRIPT}
echo '# ours' >${LIST}; chown 65534:1 ${LIST}; chmod 604 ${LIST}
label ${LIST} security.selinux=user_u:object_r:etc_t:s0 user.note=kept
step before carries ${LIST}
# The manager's folder is made after the list was changed.
mkdir -p ${HOME}; mount -t tmpfs -o ro,mode=755 none ${HOME}
step install ctl install
step after carries ${LIST}
step content cat ${LIST}`,
      host,
    );
    expect(ran("install")).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/read-only file system; everything is as it was before\n/),
    });
    expect(ran("after").stdout).toBe(ran("before").stdout);
    expect(ran("content").stdout).toBe("# ours\n");
  });
});
