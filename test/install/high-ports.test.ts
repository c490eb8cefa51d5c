// install --unit --high-ports in images: the twin in the shim's place, switched and taken out again, and what mechanisms says of it.
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { abis, library, noHost, onHost, packageAt, treeDifferences, treeOf } from "../support/host.ts";
import { schemaFaults } from "../support/schema.ts";
import { stagedNatives } from "../support/stage/stage.ts";
import { crash, markAlone } from "./bad-shims.ts";
import { giveAway, imageOf, run, SYSTEMD, withoutLock } from "./image.ts";

const SHIM = "/usr/$LIB/portreserve/libportreserve.so";
const HIGH = "/usr/$LIB/portreserve/libportreserve-high.so";
const DROP_IN = "/etc/systemd/system/rpc.service.d/50-portreserve.conf";
const MARK = "# Written by 'portreservectl install --unit'; 'portreservectl uninstall --unit' removes it.\n";
const TEXT = `${MARK}# High ports: its first library gives ports that the kernel chooses, from 1024 up.
[Service]
Environment="LD_PRELOAD=${HIGH}:/opt/own.so"
`;

function image(): string {
  const root = imageOf({
    ...SYSTEMD,
    "usr/lib/systemd/system/rpc.service": "[Service]\nExecStart=/bin/true\nEnvironment=LD_PRELOAD=/opt/own.so\n",
    "usr/lib/systemd/system/other.service": "[Service]\nExecStart=/bin/true\n",
    "etc/systemd/system/": "",
  });
  giveAway(root);
  return root;
}

const warning = (root: string): string =>
  `portreservectl: warning: 'rpc.service' takes ports from 1024 up: a server that insists on privileged ports refuses it, such as ypserv for maps that it keeps secure, and NFS with 'secure'
hint: 'portreservectl install --unit rpc.service --root ${root}' gives it the shim instead
`;

describe("a service with high ports", () => {
  test("gets the twin beside what it preloads, once; a dry run shows it before, and uninstall takes it out", () => {
    const root = image();
    const install = (...more: readonly string[]) => run("install", "--root", root, "--unit", "rpc", ...more);
    const before = treeOf(root);
    const planned = install("--high-ports", "--dry-run");
    expect(planned.stdout).toContain(`--- /dev/null\n+++ ${DROP_IN}\n`);
    expect(planned.stdout).toContain(`+Environment="LD_PRELOAD=${HIGH}:/opt/own.so"\n`);
    expect(treeOf(root)).toBe(before);
    const done = install("--high-ports", "--json");
    const said = JSON.parse(done.stdout) as { units: string[]; messages: { message: string; severity: string }[] };
    expect([done.status, said.units]).toEqual([0, ["rpc.service"]]);
    expect(said.messages.filter(({ severity }) => severity === "warning")).toHaveLength(1);
    expect(readFileSync(root + DROP_IN, "utf8")).toBe(TEXT);
    expect(treeOf(root)).toContain(`${path.dirname(root + library)}/libportreserve-high.so file`);
    expect(install("--high-ports")).toEqual({
      status: 0,
      stdout: "unchanged: everything is in its place\n",
      stderr: "",
    });
    expect(run("uninstall", "--root", root, "--unit", "rpc").status).toBe(0);
    expect(withoutLock(treeOf(root))).toBe(before);
  });

  test("goes over to the shim and back, and says whom it will not do for", () => {
    const root = image();
    const install = (...more: readonly string[]) => run("install", "--root", root, "--unit", "rpc", ...more);
    expect(install().status).toBe(0);
    const withShim = readFileSync(root + DROP_IN, "utf8");
    expect(withShim).toBe(`${MARK}[Service]\nEnvironment="LD_PRELOAD=${SHIM}:/opt/own.so"\n`);
    expect(install("--high-ports")).toEqual({
      status: 0,
      stdout: `changed: '${DROP_IN}'\n`,
      stderr: warning(root),
    });
    expect(readFileSync(root + DROP_IN, "utf8")).toBe(TEXT);
    expect(install()).toEqual({ status: 0, stdout: `changed: '${DROP_IN}'\n`, stderr: "" });
    expect(readFileSync(root + DROP_IN, "utf8")).toBe(withShim);
  });

  test("keeps its library when the list is taken away", () => {
    const root = image();
    expect(run("install", "--root", root).status).toBe(0);
    expect(run("install", "--root", root, "--unit", "rpc", "--high-ports").status).toBe(0);
    expect(run("uninstall", "--root", root)).toMatchObject({
      status: 0,
      stderr: expect.stringContaining(`'${DROP_IN}' uses the high-ports library, so the shim, its table`),
    });
    expect(treeOf(root)).toContain("libportreserve-high.so");
    expect(run("uninstall", "--root", root, "--unit", "rpc").status).toBe(0);
    expect(treeOf(root)).not.toMatch(/libportreserve[a-z-]*\.so/);
  });

  test("is named by mechanisms, which says how one gets it, and by lookup", () => {
    const root = image();
    expect(run("mechanisms", "high-ports", "--root", root).stdout).toContain("high-ports: not applied\n");
    expect(run("install", "--root", root, "--unit", "rpc", "--high-ports").status).toBe(0);
    expect(run("mechanisms", "high-ports", "--root", root)).toEqual({
      status: 0,
      stdout: `high-ports: in force
  against allocators of services that need no privileged port: these get ports from 1024 up instead
  rpc.service takes ports that the kernel chooses
`,
      stderr: "",
    });
    const { stdout } = run("mechanisms", "high-ports", "--root", root, "--json");
    expect(schemaFaults("mechanisms", JSON.parse(stdout))).toEqual([]);
    expect(JSON.parse(stdout)).toMatchObject({ mechanisms: [{ numbers: { units: ["rpc.service"] } }] });
    for (const [word, what, command] of [
      ["apply", "is given to", "install --unit UNIT --high-ports --now"],
      ["remove", "is taken from", "uninstall --unit UNIT --now"],
    ] as const) {
      const { status, stderr } = run("mechanisms", word, "ephemeral", "high-ports", "--root", root);
      expect([status, stderr.split("\n").slice(0, 2)]).toEqual([
        2,
        [
          `portreservectl: error: 'high-ports' ${what} single services`,
          expect.stringContaining(`hint: 'sudo portreservectl ${command} --root ${root}'`),
        ],
      ]);
    }
    expect(run("lookup", "631", "--root", root).stdout).toContain("631: high-ports keeps it from rpc.service\n");
  });

  test("has to be named: --high-ports is nothing for the whole host, nor for uninstall", () => {
    const root = image();
    expect(run("install", "--root", root, "--high-ports")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("'--high-ports' needs '--unit'\n"),
    });
    expect(run("uninstall", "--root", root, "--unit", "rpc", "--high-ports").status).toBe(2);
  });
});

const notHere = await noHost();

describe.skipIf(notHere !== undefined)(named("a package whose high-ports library", notHere), () => {
  test.each<[string, () => string, number, string]>([
    [
      "is the share library",
      () => path.join(stagedNatives(), "libportreserve-share.so"),
      5,
      `the high-ports library for ${abis[0]?.name} is not a portreserve library: it has no symbol 'portreserve_shim'; nothing was changed`,
    ],
    [
      "crashes as it is loaded",
      crash,
      5,
      "with the high-ports library preloaded, '/bin/true' was killed by SIGABRT; without the shim it ended with status 0; everything is as it was before",
    ],
    [
      "has no function of the shim's",
      markAlone,
      3,
      `with the high-ports library, a ${abis[0]?.name} program is not covered: `,
    ],
  ])("%s is refused, and nothing is changed", async (_, library, status, says) => {
    const ran = await onHost(`MANAGER=${packageAt(`${scratch()}/package`, { "libportreserve-high.so": library() })}
step before tree
step install ctl install
step after tree`);
    expect(ran("install")).toMatchObject({ status, stdout: "" });
    expect(ran("install").stderr.split("\n")[0]).toContain(`portreservectl: error: ${says}`);
    expect(treeDifferences(ran("before"), ran("after"))).toEqual([]);
  });
});
