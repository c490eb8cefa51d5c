// What units put in the place of the host's files and confine their programs by, as systemctl shows it and as their own files say.
import { expect, test } from "vitest";
import { fromFiles } from "../../src/core/systemd/from-files.ts";
import { fromShow } from "../../src/core/systemd/from-show.ts";
import { hiding, mountedBy } from "../../src/core/systemd/mounts.ts";
import { otherRootOf, preloadOf, type Unit } from "../../src/core/systemd/unit.ts";

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
  ],
} as const;

const apart = (unit: Unit): unknown => ({
  preload: preloadOf(unit),
  profile: unit.profile,
  otherRoot: otherRootOf(unit),
  mounted: unit.mounted,
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
InaccessiblePaths="+/a b" relative
TemporaryFileSystem=/var:ro
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
])("knows whether %s is hidden with the table", (word, expected) => {
  const mounted = mountedBy("InaccessiblePaths", word);
  expect(hiding(mounted === undefined ? [] : [mounted], ["/etc/portreserve.table"])).toBe(expected);
});
