// The rpm package on a machine whose loader looks in lib64: installed, in force, upgraded, and erased without a trace, by rpm itself.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { debianRoot } from "../support/roots/debian.ts";
import { inRoot } from "../support/roots/enter.ts";
import { lib64Layer, noLib64 } from "../support/roots/lib64.ts";
import { noSandbox, THIEF_PID } from "../support/sandbox.ts";
import { type Steps, stepsOf } from "../support/steps.ts";
import { NAME, NEXT, partsWith, saysNext } from "./debs.ts";
import { notPrebuilt, prebuiltFolder } from "./prebuilt.ts";
import { RPM_FILES, rpmMade, WITH_RPM } from "./rpms.ts";
import { manifest } from "./tarball.ts";

/** With Debian's own nodejs, where rpm's distributions have theirs. */
const DEBIAN_12 = { suite: "bookworm", include: ["nodejs"] } as const;

const SCRIPT = `set -u
ldconfig
${WITH_RPM}
thief() { /parts/portreserve-pidexec --pid ${THIEF_PID} -- env -i /parts/portreserve-probe --symbol bindresvport; }
# Where rpm keeps its own state is not looked at, nor what the loader's cache says.
tree() { find / -xdev \\( -path /host -o -path /proc -o -path /var/lib/rpm -o -path /root \\) -prune -o -printf '%p %y %m %u:%g %l\\n' | sort; }
loads() {
  find /usr/bin /usr/sbin -maxdepth 1 -type f -perm /111 | while read -r program; do
    /lib64/ld-linux-x86-64.so.2 --list "$program" 2>&1 | grep -E 'not found|cannot be preloaded|symbol lookup'
  done
}
list() { cat /etc/ld.so.preload; }
sums() { sha256sum /usr/lib64/portreserve/*.so /etc/ld.so.preload; }
add() { rpm --nodeps "$@"; }
owned() { rpm -V --nodeps ${NAME}; }
# As every distribution of rpm's has them.
mkdir -p /usr/share/man/man5 /usr/share/man/man8 /usr/share/licenses
mkdir -p /etc/portreserve
echo 631 >/etc/portreserve/cups
tree >/root/before
lib() { /lib64/ld-linux-x86-64.so.2 --list-diagnostics | grep dst_lib; }
step lib lib
step stolen thief
step required rpm -i /first.rpm
step added add -i /first.rpm
step covers-nothing thief
step no-list list
step whole owned
step version portreservectl --version
step install portreservectl install
step covered thief
step mapped sh -c 'grep -c /usr/lib64/portreserve/libportreserve.so /proc/self/maps'
step whole-still owned
step proof portreservectl verify
echo >>/usr/lib64/portreserve/libportreserve-high.so
step damaged portreservectl install
step repair add -U --replacepkgs /first.rpm
step repaired owned
step sums sums
step broken add -U /broken.rpm
step sums-still sums
step still rpm -q ${NAME}
step still-covered thief
step more add -i /more.rpm
step more-covered thief
step less rpm -e more
step less-covered thief
step next add -U /next.rpm
step next-is rpm -q ${NAME}
step next-version portreservectl --version
step next-covered thief
step next-whole owned
step next-loads loads
mv /usr/bin/node /usr/bin/nodejs /root/
step erased rpm -e ${NAME}
mv /root/node /root/nodejs /usr/bin/
step erased-list list
step erased-loads loads
step erased-stolen thief
tree >/root/after
step left diff /root/before /root/after
step again add -i /next.rpm
step again-install portreservectl install
step again-covered thief
step again-erased rpm -e ${NAME}
step again-list list
tree >/root/after
step again-left diff /root/before /root/after
`;

const unready =
  notPrebuilt("x64") ??
  skipReason("root", { program: "rpmbuild", package: "rpm" }) ??
  (await noSandbox()) ??
  (await noLib64(DEBIAN_12));

/** A package of another's, with reservations. */
function moreRpm(): string {
  const folder = scratch();
  const spec = path.join(folder, "more.spec");
  mkdirSync(path.join(folder, "more/etc/portreserve"), { recursive: true });
  writeFileSync(path.join(folder, "more/etc/portreserve/more"), "632\n");
  writeFileSync(
    spec,
    `Name: more
Version: 1
Release: 1
Summary: More
License: MIT
BuildArch: noarch
%description
%install
cp -a ${folder}/more/. %{buildroot}
%files
/etc/portreserve/more
`,
  );
  const { status, stderr } = spawnSync("rpmbuild", ["-bb", "--quiet", "--define", `_topdir ${folder}`, spec], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return path.join(folder, "RPMS/noarch/more-1-1.noarch.rpm");
}

describe.skipIf(unready !== undefined)(named("the rpm package", unready), () => {
  let ran: Steps;
  beforeAll(async () => {
    const version = `${NEXT}-1`;
    const broken = await partsWith("x64", (shim) => shim.fill(0, 0, 4));
    const files = {
      ...RPM_FILES,
      "/parts": prebuiltFolder("x64"),
      "/host/first.rpm": rpmMade({ arch: "x64" }),
      "/host/next.rpm": rpmMade({ arch: "x64", version, prebuilds: await partsWith("x64", saysNext) }),
      "/host/broken.rpm": rpmMade({ arch: "x64", version, prebuilds: broken }),
      "/host/more.rpm": moreRpm(),
    };
    const layers = [lib64Layer(DEBIAN_12), debianRoot(DEBIAN_12)];
    const { status, stdout, stderr } = await inRoot(SCRIPT, { layers, files, timeout: 300_000 });
    ran = stepsOf(stdout);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    // Half a minute on a machine that does nothing else.
  }, 400_000);

  const said = (name: string) => {
    const { status, stdout, stderr } = ran(name);
    return { status, said: stdout + stderr };
  };
  const silent = { status: 0, stdout: "", stderr: "" };
  const port = (number: number) => ({ status: 0, stdout: `{"port":${number}}\n`, stderr: "" });

  test("names what it needs where rpm knows of none of it (control)", () => {
    expect(ran("required").status).not.toBe(0);
    expect(ran("required").stderr).toContain(
      `nodejs(engine) >= 18.19 is needed by ${NAME}-${manifest.version}-1.x86_64`,
    );
  });

  test("covers nothing by itself, and says what does", () => {
    expect(ran("lib").stdout).toBe('dl_dst_lib="lib64"\n');
    expect(ran("stolen")).toEqual(port(631));
    expect(ran("added")).toEqual({
      ...silent,
      stdout:
        "portreservectl: nothing is covered yet: 'portreservectl install' does it, 'portreservectl uninstall' takes it back\n",
    });
    expect(ran("covers-nothing")).toEqual(port(631));
    expect(ran("no-list").status).toBe(1);
    expect(ran("whole")).toEqual(silent);
    expect(ran("version").stdout).toBe(`${manifest.version}\n`);
  });

  test("keeps the port once 'install' has put it in force, from lib64, and every file is still as rpm knows it", () => {
    expect(ran("install")).toMatchObject({ status: 0, stderr: "" });
    expect(ran("install").stdout).not.toMatch(/^(written|changed): '\/usr\//m);
    expect(ran("covered")).toEqual(port(632));
    expect(ran("mapped").status).toBe(0);
    expect(ran("whole-still")).toEqual(silent);
    expect(ran("proof").stdout).toMatch(/^the host: covered/m);
  });

  test("is left alone by 'install' where it is damaged, with the command that repairs it", () => {
    expect(ran("damaged")).toEqual({
      status: 5,
      stdout: "",
      stderr: `portreservectl: error: '/usr/lib64/portreserve/libportreserve-high.so' is not as the package has it; nothing was changed
hint: run 'dnf reinstall portreservectl'
`,
    });
    expect(ran("repair")).toEqual(silent);
    expect(ran("repaired")).toEqual(silent);
  });

  test("refuses a version with a broken shim before it is there, and goes on with the one that is", () => {
    expect(said("broken").status).not.toBe(0);
    expect(said("broken").said).toContain(
      "programs behave in another way with this version's shim; nothing was changed",
    );
    expect(ran("sums-still")).toEqual(ran("sums"));
    expect(ran("sums").stdout).toContain("/etc/ld.so.preload\n");
    expect(ran("still").stdout).toBe(`${NAME}-${manifest.version}-1.x86_64\n`);
    expect(ran("still-covered")).toEqual(port(632));
  });

  test("compiles what another package brings, and what is left without it", () => {
    expect(said("more")).toEqual({ status: 0, said: "" });
    expect(ran("more-covered")).toEqual(port(633));
    expect(said("less")).toEqual({ status: 0, said: "" });
    expect(ran("less-covered")).toEqual(port(632));
  });

  test("is upgraded, and what is in force goes on", () => {
    expect(ran("next")).toEqual(silent);
    expect(ran("next-is").stdout).toBe(`${NAME}-${NEXT}-1.x86_64\n`);
    expect(ran("next-version").stdout).toBe(`${NEXT}\n`);
    expect(ran("next-covered")).toEqual(port(632));
    expect(ran("next-whole")).toEqual(silent);
    expect(ran("next-loads").stdout).toBe("");
  });

  test("is erased without Node, and nothing is left but the administrator's reservations", () => {
    expect(ran("erased")).toEqual(silent);
    expect(ran("erased-list").status).toBe(1);
    expect(ran("erased-loads").stdout).toBe("");
    expect(ran("erased-stolen")).toEqual(port(631));
    expect(ran("left")).toEqual(silent);
  });

  test("is erased by its own manager where Node is there, and nothing is left either", () => {
    expect(said("again").status).toBe(0);
    expect(ran("again-install").status).toBe(0);
    expect(ran("again-covered")).toEqual(port(632));
    expect(ran("again-erased")).toMatchObject({ status: 0, stderr: "" });
    expect(ran("again-erased").stdout).toContain("removed: '/etc/ld.so.preload'\n");
    expect(ran("again-list").status).toBe(1);
    expect(ran("again-left")).toEqual(silent);
  });
});
