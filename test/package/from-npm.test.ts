// A host that has portreserve from npm gets the distribution's package, and the other way round: neither breaks what is in force.
import { beforeAll, describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { debianRoot, noDebianRoot } from "../support/roots/debian.ts";
import { inRoot } from "../support/roots/enter.ts";
import { lib64Layer, noLib64 } from "../support/roots/lib64.ts";
import { nodeLayer, noNode } from "../support/roots/node.ts";
import { noSandbox, THIEF_PID } from "../support/sandbox.ts";
import { type Steps, stepsOf } from "../support/steps.ts";
import { debMade, NAME } from "./debs.ts";
import { NODES } from "./machines.ts";
import { type Arch, notPrebuilt, prebuiltFolder } from "./prebuilt.ts";
import { RPM_FILES, rpmMade, WITH_RPM } from "./rpms.ts";
import { packed } from "./tarball.ts";

/** Debian 12 with its nodejs, and a Node with npm beside it, as somebody has it who uses npm. */
const DEBIAN_12 = { suite: "bookworm", include: ["nodejs"] } as const;
const [, NODE_22] = NODES;
const arch: Arch = process.arch === "arm64" ? "arm64" : "x64";

/** The commands that a refusal names are run as they stand, by their number, or `$` for the last one. */
const STEPS = `
thief() { /parts/portreserve-pidexec --pid ${THIEF_PID} -- env -i /parts/portreserve-probe --symbol bindresvport; }
files() { find /etc /usr -xdev -type f -not -path '/etc/ld.so.cache' -printf '%p %m %s %T@\n' | sort; }
from_npm() { npm install --global --offline --no-audit --no-fund "$@" /package.tgz; }
told() { sh -c "$(grep '^hint: ' /tmp/refused | grep -o "'[^']*'" | tr -d "'" | sed -n "$1p")"; }
mkdir -p /etc/portreserve
echo 631 >/etc/portreserve/cups
step npm from_npm
step install portreservectl install
step covered thief
files >/tmp/before
step refused add
cp /tmp/stderr /tmp/refused
files >/tmp/after
step unchanged diff /tmp/before /tmp/after
step still-covered thief
step uninstall told 1
step unlisted cat /etc/ld.so.preload
step added add
step theirs portreservectl install
step theirs-uninstall portreservectl uninstall
step packages told '$'
step packages-covers thief
step npm-away told 2
step which sh -c 'command -v portreservectl'
step whole owned
step still-packages thief
step npm-over from_npm --prefix=/usr
step whole-still owned
step over-covered thief
step npm-beside from_npm
step removed remove
step removed-list cat /etc/ld.so.preload
step npm-in-usr from_npm --prefix=/usr
step in-the-way add
cp /tmp/stderr /tmp/refused
step in-the-way-still readlink /usr/bin/portreservectl
npm config set prefix /usr --location=global
step npm-told told 1
step then-added add
step then-whole owned
`;

const base = notPrebuilt(arch) ?? skipReason("root") ?? (await noSandbox()) ?? (await noNode(NODE_22));
const KINDS = [
  {
    kind: "Debian's package",
    reason: base ?? skipReason({ program: "dpkg-deb", package: "dpkg" }) ?? (await noDebianRoot(DEBIAN_12)),
    files: () => ({ "/package.deb": debMade({ arch }) }),
    layers: [debianRoot(DEBIAN_12)],
    // These roots leave out what is to be read.
    functions: `add() { dpkg --install /package.deb; }
owned() { ! dpkg --verify ${NAME} | grep -v ' /usr/share/'; }
remove() { dpkg --purge ${NAME}; }
`,
  },
  {
    kind: "the rpm package",
    reason: base ?? skipReason({ program: "rpmbuild", package: "rpm" }) ?? (await noLib64(DEBIAN_12)),
    files: () => ({ ...RPM_FILES, "/host/package.rpm": rpmMade({ arch }) }),
    layers: [lib64Layer(DEBIAN_12), debianRoot(DEBIAN_12)],
    functions: `ldconfig
${WITH_RPM}
add() { rpm --nodeps -i /package.rpm; }
owned() { rpm -V --nodeps ${NAME}; }
remove() { rpm -e ${NAME}; }
`,
  },
];

describe.each(KINDS)("a host with npm's, and $kind", ({ reason, files, layers, functions }) => {
  let ran: Steps;
  beforeAll(async () => {
    if (reason !== undefined) return;
    const { status, stdout, stderr } = await inRoot(`set -u\n${functions}${STEPS}`, {
      layers: [nodeLayer(NODE_22), ...layers],
      files: { ...files(), "/package.tgz": packed(), "/parts": prebuiltFolder(arch) },
      timeout: 300_000,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    ran = stepsOf(stdout);
  }, 400_000);

  const port = (number: number) => ({ status: 0, stdout: `{"port":${number}}\n`, stderr: "" });
  const whole = { status: 0, stdout: "", stderr: "" };

  test.skipIf(reason !== undefined)(
    named("refuses the package, and everything stays as it was and in force", reason),
    () => {
      expect(ran("install")).toMatchObject({ status: 0, stderr: "" });
      expect(ran("covered")).toEqual(port(632));
      expect(ran("refused").status).not.toBe(0);
      expect(ran("refused").stderr).toContain(
        `portreservectl: error: portreserve is installed here without a package; nothing was changed
hint: run 'node /usr/lib/portreserve/dist/portreservectl.mjs uninstall' and 'npm uninstall --global portreserve', install this package, then run '/usr/bin/portreservectl install'
`,
      );
      expect(ran("unchanged")).toEqual(whole);
      expect(ran("still-covered")).toEqual(port(632));
    },
  );

  test.skipIf(reason !== undefined)(named("changes hands by the commands that it names", reason), () => {
    expect(ran("uninstall")).toMatchObject({ status: 0, stderr: "" });
    expect(ran("unlisted").status).toBe(1);
    expect(ran("added").status).toBe(0);
    expect(ran("packages")).toMatchObject({ status: 0, stderr: "" });
    expect(ran("packages-covers")).toEqual(port(632));
    expect(ran("npm-away").status).toBe(0);
    expect(ran("which").stdout).toBe("/usr/bin/portreservectl\n");
    expect(ran("whole")).toEqual(whole);
    expect(ran("still-packages")).toEqual(port(632));
  });

  test.skipIf(reason !== undefined)(
    named("keeps what the package owns from npm's manager, and from npm", reason),
    () => {
      for (const [name, verb] of [
        ["theirs", "install"],
        ["theirs-uninstall", "uninstall"],
      ] as const) {
        expect(ran(name)).toEqual({
          status: 5,
          stdout: "",
          stderr: `portreservectl: error: '/usr/lib/portreserve' belongs to a package of this system, which has a portreservectl of its own; nothing was changed
hint: run '/usr/bin/portreservectl ${verb}'
`,
        });
      }
      expect(ran("npm-over").status).not.toBe(0);
      expect(ran("npm-over").stderr).toContain("File exists: /usr/bin/portreservectl");
      expect(ran("whole-still")).toEqual(whole);
      expect(ran("over-covered")).toEqual(port(632));
      // By the package's manager: the other would refuse, and the script without Node would say nothing.
      expect(ran("npm-beside").status).toBe(0);
      expect(ran("removed").status).toBe(0);
      expect(ran("removed").stdout).toContain("removed: '/etc/ld.so.preload'\n");
      expect(ran("removed-list").status).toBe(1);
    },
  );

  test.skipIf(reason !== undefined)(
    named("refuses the package where npm would take its command away later", reason),
    () => {
      expect(ran("npm-in-usr").status).toBe(0);
      expect(ran("in-the-way").status).not.toBe(0);
      expect(ran("in-the-way").stderr).toContain(
        `portreservectl: error: npm's '/usr/bin/portreservectl' is in the way, and this package's would go with it; nothing was changed
hint: run 'npm uninstall --global portreserve', then install this package
`,
      );
      expect(ran("in-the-way-still").stdout).toBe("../lib/node_modules/portreserve/dist/portreservectl.mjs\n");
      expect(ran("npm-told").status).toBe(0);
      expect(ran("then-added").status).toBe(0);
      expect(ran("then-whole")).toEqual(whole);
    },
  );
});
