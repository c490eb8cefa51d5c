// mechanisms in images: applied twice changes nothing, removed leaves every byte as it was, and what is not ours is kept.
import { lstatSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { asNobody, ctl, makeRoot, put, type Ran, SERVICES } from "../support/cli.ts";
import { treeOf } from "../support/host.ts";
import { schemaFaults } from "../support/schema.ts";
import { giveAway, withoutLock } from "./image.ts";

const NAMES = ["nfs-range", "noresvport", "ephemeral"];
const MODPROBE = "/etc/modprobe.d/portreserve.conf";
const RANGE = "/etc/sysctl.d/zz-portreserve-nfs-range.conf";
const EPHEMERAL = "/etc/sysctl.d/zz-portreserve-ephemeral.conf";
const NFSMOUNT = "/etc/nfsmount.conf.d/portreserve.conf";
const OURS = (name: string): string =>
  `# Written by 'portreservectl mechanisms apply ${name}'; 'portreservectl mechanisms remove ${name}' removes it.\n`;

function image(files: Readonly<Record<string, string>> = {}): string {
  const root = makeRoot({
    "etc/services": SERVICES,
    "etc/portreserve/cups": "631\n749/tcp\n993/udp\n2049/tcp\n",
    "etc/modprobe.d/": "",
    "etc/sysctl.d/10-other.conf": "net.ipv4.ip_local_reserved_ports = 8080,9000-9002\n",
    ...files,
  });
  giveAway(root);
  return root;
}
const run = (root: string, ...args: readonly string[]): Ran =>
  ctl(["mechanisms", ...args, "--root", root], { under: asNobody });
const textIn = (root: string, file: string): string => readFileSync(path.join(root, file), "utf8");
const json = (ran: Ran) => JSON.parse(ran.stdout) as { result: string; mechanisms: { name: string; state: string }[] };
const states = (ran: Ran): readonly string[] => json(ran).mechanisms.map(({ name, state }) => `${name} ${state}`);

describe("in an image", () => {
  test("shows each, in numbers", () => {
    const root = image();
    expect(run(root)).toEqual({
      status: 0,
      stdout: `nfs-range: not applied
  against the kernel's NFS client, which takes any port of 665 to 1023 for a mount
  the NFS client keeps to 750–992: 243 ports, the longest run of 665–1023 without a reserved one
noresvport: not applied
  against the kernel's NFS client: what is mounted from then on takes a port above 1023, where its server allows that
  mounts by NFS get the option noresvport, unless they have resvport
ephemeral: not applied
  against the kernel's own choice, for connect() and bind() to port 0, and programs that read its list, such as glusterfs
  keeps 4 reserved ports from the kernel's choice, 1 of them above 1023
  4 ports of others stay in the list: 8080,9000-9002
fixed: not applied
  against RPC daemons that take any free port at each start: NFS's statd, lockd and mountd, NIS's ypserv and yppasswdd, rquotad
  none of these daemons is installed here
  cannot be applied: none of the daemons that it is for is installed
high-ports: not applied
  against allocators of services that need no privileged port: these get ports from 1024 up instead
  'portreservectl install --unit UNIT --high-ports --root ${root}' gives it to a service whose servers take such ports
'portreservectl mechanisms apply NAME --root ${root}' applies one; with --dry-run it shows the changes
`,
      stderr: "",
    });
    expect(run(root, "nfs-range").stdout).not.toContain("ephemeral");
    expect(schemaFaults("mechanisms", JSON.parse(run(root, "--json").stdout))).toEqual([]);
  });

  test("applies them, twice without a change, and removes every trace, which a dry run shows before", () => {
    const root = image();
    const before = treeOf(root);
    const planned = run(root, "apply", ...NAMES, "--dry-run", "--json");
    expect(treeOf(root)).toBe(before);
    expect(run(root, "apply", ...NAMES).status).toBe(0);
    expect(textIn(root, MODPROBE)).toBe(`${OURS("nfs-range")}options sunrpc min_resvport=750 max_resvport=992\n`);
    expect(textIn(root, RANGE)).toBe(
      `${OURS("nfs-range")}# The range before: 665-1023\n-sunrpc.max_resvport = 1023\n-sunrpc.min_resvport = 750\n-sunrpc.max_resvport = 992\n`,
    );
    expect(textIn(root, NFSMOUNT)).toBe(
      `${OURS("noresvport")}# Its folder was made for it.\n[ NFSMount_Global_Options ]\nResvport=False\n`,
    );
    expect(textIn(root, EPHEMERAL)).toBe(
      `${OURS("ephemeral")}# Of portreserve: 631,749,993,2049\nnet.ipv4.ip_local_reserved_ports = 631,749,993,2049,8080,9000-9002\n`,
    );
    const look = (): readonly unknown[] =>
      [MODPROBE, RANGE, EPHEMERAL, NFSMOUNT].map((file) => {
        const { ino, mtimeNs, ctimeNs } = lstatSync(path.join(root, file), { bigint: true });
        return [ino, mtimeNs, ctimeNs];
      });
    const [applied, times] = [treeOf(root), look()];
    const again = run(root, "apply", ...NAMES, "--json");
    expect(json(again).result).toBe("unchanged");
    expect(states(again)).toEqual(NAMES.map((name) => `${name} in-force`));
    expect([treeOf(root), look()]).toEqual([applied, times]);
    for (const ran of [planned, again]) expect(schemaFaults("mechanisms", JSON.parse(ran.stdout))).toEqual([]);
    const removed = run(root, "remove", ...NAMES);
    expect(removed).toMatchObject({ status: 0, stderr: "" });
    expect(withoutLock(treeOf(root))).toBe(before);
    expect(withoutLock(applied)).not.toBe(before);
    expect(run(root, "remove", ...NAMES).stdout).toBe(NAMES.map((name) => `${name}: nothing to remove\n`).join(""));
  });

  test("compile keeps what is applied as the reservations are, and nothing else", () => {
    const root = image();
    const compile = (...more: readonly string[]): Ran => ctl(["compile", "--root", root, ...more], { under: asNobody });
    expect(compile().stdout).not.toContain("mechanism");
    run(root, "apply", "nfs-range", "ephemeral");
    put(root, "etc/portreserve/more", "800\n");
    expect(compile("--dry-run").stdout).toContain(
      `would change: the mechanism 'nfs-range', '${MODPROBE}', '${RANGE}'\n`,
    );
    expect(textIn(root, MODPROBE)).toContain("min_resvport=750 max_resvport=992");
    expect(compile().stdout).toContain(`changed: the mechanism 'ephemeral', '${EPHEMERAL}'\n`);
    expect(textIn(root, MODPROBE)).toContain("min_resvport=801 max_resvport=992");
    expect(textIn(root, EPHEMERAL)).toContain("= 631,749,800,993,2049,8080,9000-9002\n");
    expect(compile().stdout).not.toContain("mechanism");
    put(root, "etc/portreserve/more", "# nothing\n");
    compile();
    expect(textIn(root, EPHEMERAL)).toContain("= 631,749,993,2049,8080,9000-9002\n");
    // Where no range is wide enough any more, the old one stays, and compile says so.
    put(root, "etc/portreserve/more", "700\n760\n820\n880\n940\n1000\n");
    expect(compile()).toMatchObject({
      status: 0,
      stderr: expect.stringContaining(
        "warning: the mechanism 'nfs-range' was left as it is: the longest run without a reserved port is 881–939, 59 ports",
      ),
    });
    expect(textIn(root, MODPROBE)).toContain("min_resvport=750 max_resvport=992");
  });

  test("lookup says which of them keeps a port from whom", () => {
    const root = image();
    ctl(["compile", "--root", root], { under: asNobody });
    const lookup = (): Ran => ctl(["lookup", "749/tcp", "--root", root]);
    expect(lookup().stdout).not.toContain("keeps it from");
    run(root, "apply", "nfs-range", "ephemeral");
    expect(lookup().stdout.split("\n").slice(1)).toEqual([
      "749: nfs-range keeps it from the kernel's NFS client, which has 750–992",
      "749: ephemeral keeps it from the kernel's own choice",
      "",
    ]);
    expect(ctl(["lookup", "2049/tcp", "--root", root])).toMatchObject({ stderr: "" });
  });

  test("with too few ports in a run wants --force, and says what that costs", () => {
    const root = image({ "etc/portreserve/many": "700\n760\n820\n880\n940\n1000\n" });
    const before = treeOf(root);
    expect(run(root, "apply", "nfs-range")).toEqual({
      status: 5,
      stdout: "",
      stderr: `portreservectl: error: the longest run without a reserved port is 881–939, 59 ports: the NFS client could have no more connections than that at once, and a mount that finds no port waits, then times out; nothing was changed
hint: reserve fewer ports of 665–1023, or use --force to do with 59 ports
`,
    });
    expect(withoutLock(treeOf(root))).toBe(before);
    expect(run(root, "apply", "nfs-range", "--force").status).toBe(0);
    expect(textIn(root, MODPROBE)).toContain("min_resvport=881 max_resvport=939");
    const all = Array.from({ length: 359 }, (_, at) => `${665 + at}\n`).join("");
    const none = image({ "etc/portreserve/many": all });
    expect(run(none, "apply", "nfs-range", "--force")).toMatchObject({
      status: 5,
      stderr: expect.stringContaining("every port of 665–1023 is reserved"),
    });
  });

  test("leaves what others have put in its places or set", () => {
    const foreign: readonly (readonly [Readonly<Record<string, string>>, string, string])[] = [
      [{ [MODPROBE.slice(1)]: "# mine\n" }, "nfs-range", "is a file that portreservectl did not write"],
      [
        { "etc/modprobe.d/nfs.conf": "options sunrpc min_resvport=900\n" },
        "nfs-range",
        "'/etc/modprobe.d/nfs.conf' sets 'sunrpc.min_resvport=900'",
      ],
      [
        { "etc/nfsmount.conf": "[ NFSMount_Global_Options ]\nResvport=True\n" },
        "noresvport",
        "'/etc/nfsmount.conf' sets Resvport=True",
      ],
      [
        { "etc/sysctl.d/zzz.conf": "net.ipv4.ip_local_reserved_ports = 1\n" },
        "ephemeral",
        "replaces the list at each boot",
      ],
      [
        { "etc/sysctl.d/50.conf": "net.ipv4.ip_local_reserved_ports = http\n" },
        "ephemeral",
        "which is no list of ports",
      ],
    ];
    for (const [files, name, says] of foreign) {
      const root = image(files);
      const before = treeOf(root);
      expect(run(root, "apply", name)).toMatchObject({ status: 5, stderr: expect.stringContaining(says) });
      run(root, "remove", name);
      expect(withoutLock(treeOf(root))).toBe(before);
    }
  });

  test("says what is wrong with the words", () => {
    const root = image();
    expect(run(root, "apply", "nfs-rang")).toEqual({
      status: 2,
      stdout: "",
      stderr: "portreservectl: error: there is no mechanism 'nfs-rang'\nhint: did you mean 'nfs-range'?\n",
    });
    expect(run(root, "apply").stderr).toContain("'mechanisms apply' needs a name\nhint: there are nfs-range,");
    expect(run(root, "--dry-run").stderr).toContain("'--dry-run' needs 'apply' or 'remove'\n");
  });
});
