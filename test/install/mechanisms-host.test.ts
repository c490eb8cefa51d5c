// mechanisms on a whole host: the kernel's own list with its connect(), the real mount.nfs, and a compile that is killed; each with a control.
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { noHost, onHost, treeDifferences } from "../support/host.ts";

const EPHEMERAL = "/etc/sysctl.d/zz-portreserve-ephemeral.conf";
const NFSMOUNT = "/etc/nfsmount.conf.d/portreserve.conf";
const OURS = (name: string): string =>
  `# Written by 'portreservectl mechanisms apply ${name}'; 'portreservectl mechanisms remove ${name}' removes it.\n`;

const notHere = await noHost();
const SYSCTL = "/usr/lib/systemd/systemd-sysctl";
/** As at a boot, and nothing but what is of this network. */
const BOOT = `${SYSCTL} --prefix=net/ipv4/ip_local_reserved_ports`;
const noSysctl = skipReason({ program: SYSCTL, package: "systemd" });
const noStrace = skipReason("strace");
/** By which a file comes to its place: first the table, then the mechanism's. */
const RENAMES = "rename,renameat,renameat2";
const LIST = "/proc/sys/net/ipv4/ip_local_reserved_ports";

describe.skipIf(notHere !== undefined)(named("on a whole host", notHere), () => {
  test("the kernel's list has ours beside what was there, follows a compile, and is as before when they go", async () => {
    const ran = await onHost(
      `echo 7000-7001,8080 >${LIST}
step before tree
step list-before cat ${LIST}
step apply ctl mechanisms apply ephemeral
step applied cat ${LIST}
step again ctl mechanisms apply ephemeral --json
echo 8081 >/etc/portreserve/more
step compile ctl compile
step compiled cat ${LIST}
rm /etc/portreserve/more
step shrink ctl compile
step shrunk cat ${LIST}
: >${LIST}; echo 7000 >${LIST}
step status ctl mechanisms ephemeral
step heal ctl compile
step healed cat ${LIST}
rm -f /etc/portreserve.table
step remove ctl mechanisms remove ephemeral
step removed cat ${LIST}
step after tree
step second ctl mechanisms apply ephemeral nfs-range
step uninstall ctl uninstall --json
step uninstalled cat ${LIST}
step end tree`,
      {
        etc: {
          "portreserve/cups": "631\n2049/tcp\n",
          "sysctl.d/10-other.conf": "net.ipv4.ip_local_reserved_ports=9000\n",
        },
      },
    );
    const text = (name: string): string => ran(name).stdout.trim();
    expect(text("list-before")).toBe("7000-7001,8080");
    expect(ran("apply")).toMatchObject({ status: 0, stderr: "" });
    expect(text("applied")).toBe("631,2049,7000-7001,8080,9000");
    expect(JSON.parse(ran("again").stdout)).toMatchObject({ result: "unchanged", changes: [] });
    expect(ran("compile").status).toBe(0);
    expect(text("compiled")).toBe("631,2049,7000-7001,8080-8081,9000");
    expect(ran("shrink").status).toBe(0);
    expect(text("shrunk")).toBe("631,2049,7000-7001,8080,9000");
    expect(text("status")).toContain("ephemeral: out of date (the list of the running kernel lacks some)\n");
    expect(ran("heal").stdout).toContain(`changed: the mechanism 'ephemeral', '${LIST}'`);
    expect(text("healed")).toBe("631,2049,7000,9000");
    expect(ran("remove")).toMatchObject({ status: 0, stderr: "" });
    // What sysctl.d of others has is theirs, and stays from then on.
    expect(text("removed")).toBe("7000,9000");
    expect(treeDifferences(ran("before"), ran("after"))).toEqual([]);
    expect(ran("uninstall").status).toBe(0);
    expect(text("uninstalled")).toBe("7000,9000");
    expect(treeDifferences(ran("before"), ran("end"))).toEqual([]);
  });

  test.skipIf(noSysctl !== undefined)(
    named("at a boot systemd sets the whole list, what others have in sysctl.d included", noSysctl),
    async () => {
      const ran = await onHost(
        `step control ${BOOT}
step without cat ${LIST}
ctl mechanisms apply ephemeral >/dev/null
echo >${LIST}
step boot ${BOOT}
step with cat ${LIST}
step again ctl mechanisms ephemeral`,
        { etc: { "sysctl.d/10-other.conf": "net.ipv4.ip_local_reserved_ports=9000\n" } },
      );
      expect([ran("control").status, ran("boot").status]).toEqual([0, 0]);
      expect(ran("without").stdout).toBe("9000\n");
      expect(ran("with").stdout).toBe("631,9000\n");
      expect(ran("again").stdout).toContain("ephemeral: in force\n");
    },
  );

  test.skipIf(noStrace !== undefined)(
    named("killed as soon as the kernel has lost a port, compile forgets nothing of what is ours", noStrace),
    async () => {
      const ran = await onHost(
        `echo 7000 >${LIST}
ctl mechanisms apply ephemeral >/dev/null
ctl compile >/dev/null
echo 631 >/etc/portreserve/cups
step killed strace -f -qq -o /dev/null -e trace=${RENAMES} -e inject=${RENAMES}:signal=SIGKILL:when=2 "$NODE" "$MANAGER" compile
step between cat ${LIST} ${EPHEMERAL}
step compile ctl compile
step healed cat ${LIST}
step remove ctl mechanisms remove ephemeral
step removed cat ${LIST}`,
        { etc: { "portreserve/cups": "631\n2049/tcp\n", "sysctl.d/README": "" } },
      );
      expect(ran("killed").status).not.toBe(0);
      expect(ran("between").stdout).toBe(
        `631,7000\n${OURS("ephemeral")}# Of portreserve: 631,2049\nnet.ipv4.ip_local_reserved_ports = 631,2049\n`,
      );
      expect(ran("compile").status).toBe(0);
      expect(ran("healed").stdout).toBe("631,7000\n");
      expect(ran("removed").stdout).toBe("7000\n");
    },
  );

  test("connect() gets a reserved port of a full range without the mechanism, and none with it", async () => {
    const ran = await onHost(
      `echo 40000 40003 >/proc/sys/net/ipv4/ip_local_port_range
echo 40001/tcp >/etc/portreserve/game
step control "$NODE" -e "$CONNECT"
step apply ctl mechanisms apply ephemeral
step covered "$NODE" -e "$CONNECT"
step remove ctl mechanisms remove ephemeral
step again "$NODE" -e "$CONNECT"`,
      { environment: { CONNECT } },
    );
    const all = [40000, 40001, 40002, 40003];
    expect(JSON.parse(ran("control").stdout)).toEqual(all);
    expect(ran("apply").status).toBe(0);
    expect(JSON.parse(ran("covered").stdout)).toEqual([...all.filter((port) => port !== 40001), "EADDRNOTAVAIL"]);
    expect(JSON.parse(ran("again").stdout)).toEqual(all);
  });
});

/** As many connections at once as there are ports: which port each got, or why it got none. */
const CONNECT = `const net = require("node:net");
const server = net.createServer().listen(700, "127.0.0.1", async () => {
  const one = () => new Promise((done) => {
    const socket = net.connect(700, "127.0.0.1");
    socket.on("connect", () => done([socket.localPort, socket])).on("error", (error) => done([error.code]));
  });
  const all = [];
  for (let count = 0; count < 4; count += 1) all.push(await one());
  console.log(JSON.stringify(all.map(([port]) => port).sort()));
  for (const [, socket] of all) socket?.resetAndDestroy();
  process.exit();
});`;

const noMount = notHere ?? skipReason({ program: "mount.nfs", package: "nfs-common" });
describe.skipIf(noMount !== undefined)(named("with the host's mount.nfs", noMount), () => {
  const ASK = "mount.nfs -f -n -v 127.0.0.1:/ / -o vers=4.2";

  test("a mount gets noresvport by the mechanism alone; a file that mount.nfs takes otherwise is taken back", async () => {
    const ran = await onHost(
      `rm -rf /etc/nfsmount.conf /etc/nfsmount.conf.d
step before tree
step control ${ASK}
step apply ctl mechanisms apply noresvport
step asked ${ASK}
step remove ctl mechanisms remove noresvport
step after tree
mkdir /etc/nfsmount.conf.d
printf '[ NFSMount_Global_Options ]\\nResvport=True\\n' >/etc/nfsmount.conf.d/zz.conf
step overruled tree
step force ctl mechanisms apply noresvport --force
step back tree`,
    );
    expect(ran("control").stdout).toContain("text-based options 'vers=4.2,addr=");
    expect(ran("apply")).toMatchObject({ status: 0, stderr: expect.stringContaining("exports with 'secure'") });
    expect(ran("asked").stdout).toContain("text-based options 'vers=4.2,noresvport,addr=");
    expect(treeDifferences(ran("before"), ran("after"))).toEqual([]);
    expect(ran("force")).toMatchObject({
      status: 5,
      stderr: expect.stringContaining(`mount.nfs does not take '${NFSMOUNT}' for what it is`),
    });
    expect(treeDifferences(ran("overruled"), ran("back"))).toEqual([]);
  });
});
