// The kernel's own files about privileged ports, as recorded on real hosts.
import { expect, test } from "vitest";
import { showsBoundSockets } from "../../src/core/sockets/bound.ts";
import { mountsOf, sunrpcPorts, type Text } from "../../src/observe/kernel/kernel-texts.ts";
import { observeKernel } from "../../src/observe/kernel/read-kernel.ts";
import type { KernelTexts } from "../../src/observe/kernel/read-kernel-texts.ts";

const MISSING: Text = { kind: "missing", reason: "'/x' cannot be read: no such file or directory" };
const DENIED: Text = { kind: "denied", reason: "'/x' cannot be read: permission denied" };

/** Debian 12 with two NFS mounts, one of them at a place with a blank and a line feed, and one that only looks like one. */
const DEBIAN: KernelTexts = {
  release: "6.1.0-18-amd64",
  sunrpc: [
    { min: "665\n", max: "1023\n" },
    { min: "665\n", max: "1023\n" },
  ],
  lockd: { tcp: "0\n", udp: "0\n" },
  mounts: String.raw`22 28 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw
28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro
30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
95 28 0:52 / /srv/data rw,relatime shared:60 - nfs4 server:/data rw,vers=4.2,rsize=1048576,namlen=255,hard,proto=tcp,timeo=600,sec=sys,clientaddr=192.0.2.7,local_lock=none,addr=192.0.2.1
96 28 0:53 /x /mnt/a\040b\012c\134d rw,noresvport shared:61 master:2 - nfs server:/x rw,vers=3,noresvport,mountaddr=192.0.2.1
97 28 0:54 / /mnt/nfs rw - nfsd nfsd rw
98 28 0:55 / /mnt/fuse rw,noresvport - fuse.nfs nfs4 rw,noresvport
`,
  unprivilegedStart: "1024\n",
  securityModules: "lockdown,capability,landlock,yama,apparmor,tomoyo,bpf,ipe,ima,evm",
  hasIpmi: true,
};

test("reads a host that mounts NFS", () => {
  expect(observeKernel(true, DEBIAN)).toEqual({
    release: "6.1.0-18-amd64",
    sunrpc: { min: 665, max: 1023 },
    nfs: [
      { target: "/srv/data", noresvport: false, needsNoStatd: true },
      { target: "/mnt/a b\nc\\d", noresvport: true },
    ],
    nfsServer: true,
    lockd: { tcp: 0, udp: 0 },
    unprivilegedPortStart: 1024,
    hasIpmi: true,
    seesEveryProcess: true,
    securityModules: ["lockdown", "capability", "landlock", "yama", "apparmor", "tomoyo", "bpf", "ipe", "ima", "evm"],
  });
});

test("takes defaults, and never a range, from a kernel without these files", () => {
  const facts = observeKernel(false, {
    ...DEBIAN,
    sunrpc: [{ min: MISSING, max: MISSING }],
    mounts: MISSING,
    lockd: { tcp: MISSING, udp: MISSING },
    unprivilegedStart: MISSING,
    securityModules: "",
    hasIpmi: false,
  });
  expect(facts).toEqual({
    release: "6.1.0-18-amd64",
    sunrpc: undefined,
    nfs: [],
    unprivilegedPortStart: 1024,
    hasIpmi: false,
    seesEveryProcess: false,
    securityModules: [],
  });
});

test("finds mounts of 9p that may take a port, and where lockd was told to listen", () => {
  const mounts = [
    "81 28 0:60 / /srv/a rw - 9p 192.0.2.1 rw,access=client,trans=tcp,port=5640",
    "82 28 0:61 / /srv/b rw - 9p 192.0.2.1 rw,sync,dirsync,trans=tcp,privport",
    "83 28 0:62 / /srv/c rw - 9p 192.0.2.1 rw,trans=rdma,privport",
    "84 28 0:63 / /srv/d rw - 9p share rw,trans=virtio",
    "85 28 0:64 / /srv/e rw - fuse.9p x rw,trans=tcp",
  ].join("\n");
  expect(observeKernel(true, { ...DEBIAN, mounts, lockd: { tcp: "893\n", udp: "0\n" } })).toMatchObject({
    plan9: [
      { target: "/srv/a", privport: false },
      { target: "/srv/b", privport: true },
      { target: "/srv/c", privport: true },
    ],
    lockd: { tcp: 893, udp: 0 },
  });
});

test.each<[string, readonly { min: Text; max: Text }[], unknown]>([
  [
    "in the second place",
    [
      { min: MISSING, max: MISSING },
      { min: "1\n", max: "2\n" },
    ],
    { min: 1, max: 2 },
  ],
  [
    "and may not",
    [{ min: DENIED, max: DENIED }],
    { unseen: "'/x' cannot be read: permission denied", rootWould: true },
  ],
  ["and finds half", [{ min: "665\n", max: MISSING }], { unseen: MISSING.reason, rootWould: false }],
  [
    "and finds no number",
    [{ min: "665\n", max: "all\n" }],
    { unseen: "the kernel's range of ports for NFS is no number", rootWould: false },
  ],
  ["and finds nothing", [], undefined],
])("looks for the kernel's range %s", (_, places, expected) => {
  expect(sunrpcPorts(places)).toEqual(expected);
});

test.each(["", "\n", "x", " - ", "a b c d e - ", "\0 - \0"])("finds no mount in %j", (text) => {
  expect(mountsOf(text)).toEqual([]);
});

test("gives a mount's place without loss when it is not UTF-8", () => {
  const mounts = "1 2 3:4 / /mnt/\xe9\xc3\xa9 rw - nfs4 s:/ rw\n";
  expect(observeKernel(true, { ...DEBIAN, mounts }).nfs).toEqual([{ target: "/mnt/\udce9é", noresvport: false }]);
});

test("reads the kernel that runs these tests", () => {
  const facts = observeKernel(true);
  expect(facts.release).toMatch(/^\d+\.\d+/);
  expect(facts.unprivilegedPortStart).toBeGreaterThanOrEqual(0);
});

test.each([
  ["5.10.0-46-cloud-amd64", false],
  ["6.1.0-18-amd64", false],
  ["6.7.12", false],
  ["6.8.0-31-generic", true],
  ["6.12.38+deb13-amd64", true],
  ["7.0.0", true],
  ["", false],
])("knows whether Linux '%s' lists sockets that are only bound", (release, shows) => {
  expect(showsBoundSockets(release)).toBe(shows);
});
