// The mechanism 'fixed' in images with the files of Debian's packages: each daemon's own file, and every byte back.
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { asNobody, ctl, makeRoot, put, type Ran, SERVICES } from "../support/cli.ts";
import { treeOf } from "../support/host.ts";
import { schemaFaults } from "../support/schema.ts";
import { giveAway, imageOf, SYSTEMD, withoutLock } from "./image.ts";

const OURS =
  "# Written by 'portreservectl mechanisms apply fixed'; 'portreservectl mechanisms remove fixed' removes it.\n";
const QUOTA = "# Add options to rpc.rquotad here\nRPCRQUOTADOPTS=\n";
const EPHEMERAL = "etc/sysctl.d/zz-portreserve-ephemeral.conf";
const UNIT = "lib/systemd/system";
/** As Debian 12 and 13 have them, without what is of no account here. */
const DEBIAN: Readonly<Record<string, string>> = {
  "etc/services": SERVICES,
  "etc/portreserve/cups": "631\n",
  "etc/nfs.conf": "[mountd]\nmanage-gids=y\n# port=0\n[statd]\n# port=0\n",
  "etc/nfs.conf.d/": "",
  "etc/modprobe.d/": "",
  "etc/sysctl.d/": "",
  "etc/systemd/system/": "",
  "etc/default/quota": QUOTA,
  "usr/share/quota/quotarpc.sh": "",
  [`${UNIT}/rpc-statd.service`]: "[Service]\nExecStart=/sbin/rpc.statd\n",
  [`${UNIT}/nfs-mountd.service`]: "[Service]\nExecStart=/usr/sbin/rpc.mountd\n",
  [`${UNIT}/quotarpc.service`]: "[Service]\nExecStart=/usr/share/quota/quotarpc.sh\n",
  [`${UNIT}/ypserv.service`]:
    "[Service]\nEnvironment=YPSERVARGS=\nEnvironmentFile=-/etc/default/nis\nExecStart=/usr/sbin/ypserv $YPSERVARGS\n",
  [`${UNIT}/yppasswdd.service`]:
    "[Service]\nEnvironmentFile=-/etc/default/nis\nExecStart=/usr/sbin/rpc.yppasswdd -D $YPPWDDIR -e $YPCHANGEOK $YPPASSWDDARGS\n",
  ...Object.fromEntries(
    ["rpc.statd", "sm-notify", "rpc.mountd", "ypserv", "rpc.yppasswdd", "rpc.rquotad"].map((name) => [
      `usr/sbin/${name}`,
      "",
    ]),
  ),
};

function image(files: Readonly<Record<string, string>> = {}): string {
  const root = makeRoot({ ...DEBIAN, ...files });
  giveAway(root);
  return root;
}
const run = (root: string, ...args: readonly string[]): Ran =>
  ctl(["mechanisms", ...args, "--root", root], { under: asNobody });
const textIn = (root: string, file: string): string => readFileSync(path.join(root, file), "utf8");
const ports = (root: string): string => textIn(root, "etc/portreserve/fixed").replace(OURS, "");

describe("fixed, in an image", () => {
  test("applies, twice without a change, each daemon's port where it reads it, and removes every trace", () => {
    const root = image();
    const before = treeOf(root);
    const planned = run(root, "apply", "fixed", "--dry-run", "--json");
    expect(treeOf(root)).toBe(before);
    expect(run(root, "apply", "fixed")).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(
        "fixed: 7 daemons keep to 9 reserved ports: rpc.statd 599, sm-notify 598/udp, lockd 597, rpc.mountd 596, ypserv 594–595, rpc.yppasswdd 592–593, rpc.rquotad 591\n",
      ),
    });
    expect(ports(root)).toBe(
      "599 # rpc.statd\n598/udp # sm-notify\n597 # lockd\n596 # rpc.mountd\n594-595 # ypserv\n592-593 # rpc.yppasswdd\n591 # rpc.rquotad\n",
    );
    expect(textIn(root, "etc/nfs.conf.d/portreserve.conf")).toBe(
      `${OURS}[statd]\nport=599\noutgoing-port=598\n[sm-notify]\noutgoing-port=598\n[lockd]\nport=597\nudp-port=597\n[mountd]\nport=596\n`,
    );
    expect(textIn(root, "etc/modprobe.d/portreserve-fixed.conf")).toBe(
      `${OURS}options lockd nlm_tcpport=597 nlm_udpport=597\n`,
    );
    expect(textIn(root, "etc/sysctl.d/zz-portreserve-fixed.conf")).toBe(
      `${OURS}-fs.nfs.nlm_tcpport = 597\n-fs.nfs.nlm_udpport = 597\n`,
    );
    const dropIn = (name: string): string =>
      textIn(root, `etc/systemd/system/${name}.service.d/60-portreserve-fixed.conf`);
    expect(dropIn("ypserv")).toContain("\n[Service]\nExecStart=\nExecStart=/usr/sbin/ypserv --port 594 $YPSERVARGS\n");
    expect(dropIn("yppasswdd")).toContain("ExecStart=/usr/sbin/rpc.yppasswdd --port 592 -D $YPPWDDIR -e");
    expect(textIn(root, "etc/default/quota")).toMatch(
      /^# Add .*\nRPCRQUOTADOPTS=\n# By .*\nRPCRQUOTADOPTS="\$RPCRQUOTADOPTS --port 591"\n$/,
    );

    const applied = treeOf(root);
    const again = run(root, "apply", "fixed", "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({ result: "unchanged", mechanisms: [{ state: "in-force" }] });
    expect(treeOf(root)).toBe(applied);
    for (const ran of [planned, again]) expect(schemaFaults("mechanisms", JSON.parse(ran.stdout))).toEqual([]);
    expect(run(root, "remove", "fixed").status).toBe(0);
    expect(withoutLock(treeOf(root))).toBe(before);
    expect(withoutLock(applied)).not.toBe(before);
    // As uninstall does with all of them.
    run(root, "apply", "fixed");
    expect(ctl(["uninstall", "--root", root], { under: asNobody }).status).toBe(0);
    expect(withoutLock(treeOf(root))).toBe(before);
  });

  test("keeps what administrators have set, reserves that, and follows when they set more; compile does nothing", () => {
    const root = image({
      "etc/nfs.conf.d/local.conf": "[mountd]\nport=4002\n",
      "etc/modprobe.d/lockd.conf": "options lockd nlm_tcpport=4045 nlm_udpport=4046\n",
      "etc/default/nis": "YPSERVARGS='-p 834'\n",
      "etc/default/quota": "RPCRQUOTADOPTS='-p 875'",
      "etc/systemd/system/rpc-statd.service.d/x.conf": "[Service]\nExecStart=\nExecStart=/sbin/rpc.statd -p 662\n",
    });
    const before = treeOf(root);
    run(root, "apply", "fixed");
    expect(ports(root)).toBe(
      "662 # rpc.statd\n599/udp # sm-notify\n4045/tcp # lockd\n4046/udp # lockd\n4002 # rpc.mountd\n834-835 # ypserv\n597-598 # rpc.yppasswdd\n875 # rpc.rquotad\n",
    );
    expect(textIn(root, "etc/nfs.conf.d/portreserve.conf")).toBe(
      `${OURS}[statd]\noutgoing-port=599\n[sm-notify]\noutgoing-port=599\n`,
    );
    expect(textIn(root, "etc/default/quota")).toBe("RPCRQUOTADOPTS='-p 875'");
    expect(run(root, "fixed").stdout).toContain(
      "  ypserv has 834–835 from its administrator, and that stays as it is\n",
    );
    // Then they change their minds.
    put(root, "etc/nfs.conf.d/local.conf", "[mountd]\nport=4003\n[statd]\noutgoing-port=600\n");
    put(root, "etc/default/nis", "YPPASSWDDARGS='--port 700'\n");
    giveAway(root);
    const applied = treeOf(root);
    expect(run(root, "fixed").stdout).toContain("fixed: out of date (");
    const compile = ctl(["compile", "--root", root], { under: asNobody });
    expect(compile.stdout).not.toContain("mechanism");
    expect(ports(root)).toContain("4002 # rpc.mountd\n");
    run(root, "apply", "fixed");
    expect(ports(root)).toBe(
      "662 # rpc.statd\n600/udp # sm-notify\n4045/tcp # lockd\n4046/udp # lockd\n4003 # rpc.mountd\n834-835 # ypserv\n700-701 # rpc.yppasswdd\n875 # rpc.rquotad\n",
    );
    expect(treeOf(root)).not.toBe(applied);
    // What is of no use any more goes at once, with the folder that was made for it.
    expect(treeOf(root)).not.toContain("yppasswdd.service.d");
    expect(treeOf(root)).not.toContain("nfs.conf.d/portreserve.conf");
    run(root, "remove", "fixed");
    put(root, "etc/nfs.conf.d/local.conf", "[mountd]\nport=4002\n");
    put(root, "etc/default/nis", "YPSERVARGS='-p 834'\n");
    giveAway(root);
    ctl(["uninstall", "--root", root], { under: asNobody });
    expect(withoutLock(treeOf(root)).replaceAll(/^.*portreserve\.table .*\n/gm, "")).toBe(before);
  });

  test("leaves what it cannot tell, what others have put in its places, and hosts without such daemons", () => {
    const odd = image({ [`${UNIT}/ypserv.service`]: "[Service]\nExecStart=/usr/lib/nis/start\n" });
    expect(run(odd, "apply", "fixed")).toMatchObject({
      status: 0,
      stderr: expect.stringContaining("'ypserv' is not started by name in 'ypserv.service', so it was left as it is"),
    });
    expect(ports(odd)).not.toContain("ypserv");
    const foreign = image({ "etc/portreserve/fixed": "600\n" });
    const before = treeOf(foreign);
    expect(run(foreign, "apply", "fixed")).toMatchObject({
      status: 5,
      stderr: expect.stringContaining("'/etc/portreserve/fixed' is a file that portreservectl did not write"),
    });
    expect(withoutLock(treeOf(foreign))).toBe(before);
    const none = makeRoot({ "etc/portreserve/cups": "631\n" });
    giveAway(none);
    expect(run(none, "apply", "fixed")).toMatchObject({ status: 5, stderr: expect.stringContaining("is installed") });
    expect(run(odd, "apply", "fixed", "--now")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("'--root'"),
    });
    expect(ctl(["mechanisms", "fixed", "--now"]).stderr).toContain("'--now' needs 'apply' or 'remove'\n");
  });

  test("keeps its numbers when others reserve them later, and says so", () => {
    const root = image({ "etc/portreserve/more": "599\n" });
    run(root, "apply", "fixed");
    expect(ports(root)).toContain("598 # rpc.statd\n");
    put(root, "etc/portreserve/later", "598\n");
    put(root, "etc/default/quota", QUOTA);
    giveAway(root);
    const again = run(root, "apply", "fixed");
    expect(again.stderr).toContain("'rpc.statd' keeps to 598, which somebody else reserves too");
    expect(ports(root)).toContain("598 # rpc.statd\n");
  });

  test("install brings the other mechanisms up to date, as compile does", () => {
    const root = imageOf({ ...SYSTEMD, "etc/sysctl.d/": "" });
    run(root, "apply", "ephemeral");
    put(root, "etc/portreserve/more", "800\n");
    giveAway(root);
    const install = (...more: readonly string[]) =>
      JSON.parse(ctl(["install", "--root", root, "--json", ...more], { under: asNobody }).stdout);
    expect(install("--dry-run").mechanisms).toEqual([{ name: "ephemeral", result: "planned" }]);
    expect(textIn(root, EPHEMERAL)).not.toContain("800");
    expect(install().mechanisms).toEqual([{ name: "ephemeral", result: "changed" }]);
    expect(textIn(root, EPHEMERAL)).toContain("= 631,800\n");
    expect(install()).toMatchObject({ result: "unchanged", mechanisms: [] });
  });
});
