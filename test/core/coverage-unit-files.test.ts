// What units put in the place of the host's files and confine their programs by, as systemctl shows it and as their own files say.
import { expect, test } from "vitest";
import { fromFiles } from "../../src/core/systemd/from-files.ts";
import { fromShow } from "../../src/core/systemd/from-show.ts";
import { hiding, mountedBy, unrunnable } from "../../src/core/systemd/mounts.ts";
import { otherRootOf, preloadOf, type Unit } from "../../src/core/systemd/unit.ts";
import { someUnconfined } from "../../src/core/systemd/user-namespace.ts";

/** What both ways of asking say of the same unit. */
const APART = {
  preload: "/a.so:/b.so",
  profile: "jailed daemon",
  otherRoot: "RootDirectory=/srv/jail",
  mounted: [
    { setting: "BindPaths=/srv/a:/etc/portreserve.table", target: "/etc/portreserve.table" },
    { setting: "BindReadOnlyPaths=/srv/usr:/usr", target: "/usr" },
    { setting: "InaccessiblePaths=/etc", target: "/etc" },
    { setting: "InaccessiblePaths=/a b", target: "/a b" },
    { setting: "TemporaryFileSystem=/var", target: "/var" },
    { setting: "MountImages=/srv/a.raw:/usr/lib", target: "/usr/lib" },
    { setting: "ExtensionImages=/srv/b.raw", target: "/" },
  ],
  execPaths: { never: ["/", "/etc/x"], again: ["/usr"] },
} as const;

const apart = (unit: Unit): unknown => ({
  preload: preloadOf(unit),
  profile: unit.profile,
  otherRoot: otherRootOf(unit),
  mounted: unit.mounted,
  execPaths: unit.execPaths,
});

test("reads what a unit puts in the place of the host's files, of systemctl and of its own files", () => {
  const shown = `Id=a.service
LoadState=loaded
RootDirectory=/srv/jail
RootImage=
BindPaths=/srv/a:/etc/portreserve.table:rbind /etc/same:/etc/same:rbind
BindReadOnlyPaths=-/srv/usr:/usr:norbind
InaccessiblePaths=-/etc "+/a b"
TemporaryFileSystem=/var:ro
MountImages=/srv/a.raw:/usr/lib
ExtensionImages=-/srv/b.raw
NoExecPaths=-/ /etc/x
ExecPaths=+/usr
Environment=A=1 "LD_PRELOAD=/a.so:/b.so"
AppArmorProfile=-jailed daemon
`;
  expect(fromShow(shown).map(apart)).toEqual([APART]);
  const text = `[Service]
RootImage=/never
RootImage=
RootDirectory=/srv/%p
BindPaths=/never:/etc
BindPaths=
BindPaths=/srv/a:/etc//portreserve.table /etc/same
BindReadOnlyPaths=-/srv/usr:/usr/:norbind
InaccessiblePaths=-/etc
InaccessibleDirectories="+/a b" relative
TemporaryFileSystem=/var:ro
MountImages=/srv/a.raw:/usr/lib
ExtensionImages=-/srv/b.raw
NoExecPaths=/never
NoExecPaths=
NoExecPaths=-/ /etc/x
ExecPaths=+/usr/
Environment=LD_PRELOAD=/never
Environment=
Environment=LD_PRELOAD=/a.so:/b.so
Environment=A=1
AppArmorProfile=never
AppArmorProfile=
AppArmorProfile=-%ped daemon
[Unit]
AppArmorProfile=elsewhere
RootDirectory=/elsewhere
InaccessiblePaths=/elsewhere
`;
  expect(apart(fromFiles("jail.service", [{ path: "/a", text }]))).toEqual(APART);
  const none = "[Service]\nRootDirectory=//\nAppArmorProfile=a\nAppArmorProfile=\n";
  expect(fromFiles("jail.service", [{ path: "/a", text: none }])).toMatchObject({
    rootDirectory: undefined,
    profile: undefined,
  });
});

test.each([
  ["/etc/portreserve.table", "InaccessiblePaths=/etc/portreserve.table"],
  ["/etc/", "InaccessiblePaths=/etc"],
  ["/", "InaccessiblePaths=/"],
  ["/etc/portreserve", undefined],
  ["/etc/portreserve.table/x", undefined],
  ["/usr", undefined],
  // Only a running systemd knows what this is.
  ["%f/x", "InaccessiblePaths=%f/x"],
])("knows whether %s is hidden with the table", (word, expected) => {
  const mounted = mountedBy("InaccessiblePaths", word);
  expect(hiding(mounted === undefined ? [] : [mounted], ["/etc/portreserve.table"])).toBe(expected);
});

test.each([
  [["/"], [], "/"],
  [["/"], ["/usr/bin/x"], "/"],
  [["/"], ["/usr/lib"], undefined],
  [["/", "/usr/lib/a"], ["/usr/lib"], "/usr/lib/a"],
  [["/usr/lib/a/shim.so"], ["/usr/lib/a/shim.so"], "/usr/lib/a/shim.so"],
  [["/usr/li"], [], undefined],
  [[], ["/"], undefined],
])("knows whether code may be run with NoExecPaths=%j and ExecPaths=%j", (never, again, expected) => {
  expect(unrunnable({ never, again }, "/usr/lib/a/shim.so")).toBe(expected);
});

test.each([
  ["ExecStart=-@/bin/a", false],
  ["ExecStart=/bin/a +/bin/b", false],
  ["ExecStart=/bin/a\nExecStartPre=-+/bin/b", true],
  ["ExecStart=/bin/a\nExecReload=/bin/b ; !+/bin/c", true],
  ["PermissionsStartOnly=yes", true],
])("knows whether all that %j starts is confined", (setting, expected) => {
  expect(someUnconfined([{ path: "/a", text: `[Service]\n${setting}\n` }])).toBe(expected);
});

test("knows which units have users of their own", () => {
  const of = (text: string) => fromFiles("a.service", [{ path: "/a", text: `[Service]\n${text}\n` }]).ownUsers;
  expect(
    ["PrivateUsers=yes", "PrivateUsers=identity", "PrivateUsers=off", "PrivateUsers=yes\nPrivateUsers=", ""].map(of),
  ).toEqual([true, true, false, false, false]);
  expect(["yes", "no", ""].map((value) => fromShow(`Id=a.service\nPrivateUsers=${value}\n`)[0]?.ownUsers)).toEqual([
    true,
    false,
    false,
  ]);
});

test.each([
  ["NoExecPaths=%t/x", { never: ["/"], again: [] }],
  ["NoExecPaths=/\nExecPaths=%t/x", { never: ["/"], again: ["%t/x"] }],
  ["NoExecPaths=/\nNoExecPaths=", { never: [], again: [] }],
])("takes the paths of %j as systemd would at the worst", (setting, expected) => {
  expect(fromFiles("a.service", [{ path: "/a", text: `[Service]\n${setting}\n` }]).execPaths).toEqual(expected);
});

test("knows of a network of the unit's own, but for the host's by its path", () => {
  const of = (text: string) => fromFiles("a.service", [{ path: "/a", text: `[Service]\n${text}\n` }]).ownNetwork;
  const shown = (text: string) => fromShow(`Id=a.service\n${text}\n`)[0]?.ownNetwork;
  for (const ask of [of, shown]) {
    expect(
      [
        "PrivateNetwork=yes",
        "PrivateNetwork=no",
        "PrivateNetwork=yes\nNetworkNamespacePath=/run/netns/a",
        "PrivateNetwork=no\nNetworkNamespacePath=/proc/1/ns/net",
        "",
      ].map(ask),
    ).toEqual(["PrivateNetwork=yes", undefined, "NetworkNamespacePath=/run/netns/a", undefined, undefined]);
  }
});
