// Which units make an ordinary user of what they start, by their files, by systemd's own word, and by who is who on the host.
import { expect, test } from "vitest";
import { boundWithoutBinding } from "../../src/core/systemd/bounding-set.ts";
import { fromFiles } from "../../src/core/systemd/from-files.ts";
import { fromShow } from "../../src/core/systemd/from-show.ts";
import { accountsIn, isOrdinaryUser, plainlyStarted } from "../../src/core/systemd/ordinary-user.ts";

const written = (settings: string) => fromFiles("a.service", [{ path: "/a", text: `[Service]\n${settings}\n` }]);

test.each([
  ["User=x", true],
  ["DynamicUser=yes", true],
  ["User=x\nAmbientCapabilities=CAP_CHOWN\nAmbientCapabilities=", true],
  ["User=x\nSecureBits=0", true],
  ["", false],
  ["User=x\nUser=", false],
  ["User=x\nDynamicUser=no\nUser=", false],
  ["[Unit]\nUser=x", false],
  ["User=x\nAmbientCapabilities=CAP_NET_RAW", false],
  ["User=x\nAmbientCapabilities=0", false],
  ["User=x\nPAMName=login", false],
  ["User=x\nPAMName=0", false],
  ["User=x\nSecureBits=keep-caps", false],
])("takes %j for a user who is left no right: %s", (settings, expected) => {
  expect(written(settings).leavesNoRight === true).toBe(expected);
});

const SHOWN =
  "User=x\nDynamicUser=no\nAmbientCapabilities=\nPAMName=\nSecureBits=0\nNeedDaemonReload=no\nCapabilityBoundingSet=cap_chown cap_net_raw\n";

test.each([
  ["", "", true, true],
  ["User=x\nDynamicUser=no", "User=\nDynamicUser=yes", true, true],
  ["User=x", "User=", false, true],
  ["NeedDaemonReload=no", "NeedDaemonReload=yes", false, false],
  ["NeedDaemonReload=no\n", "", false, false],
  ["AmbientCapabilities=", "AmbientCapabilities=cap_net_raw", false, true],
  // A systemd that does not say.
  ["AmbientCapabilities=\n", "", false, true],
  ["PAMName=", "PAMName=login", false, true],
  ["PAMName=\n", "", false, true],
  ["SecureBits=0", "SecureBits=16", false, true],
  ["cap_chown", "cap_net_bind_service", true, false],
  ["cap_chown", "10", true, false],
  ["CapabilityBoundingSet=cap_chown cap_net_raw\n", "", true, false],
  ["cap_chown cap_net_raw", "", true, true],
])("heeds what systemd says of a unit (%j as %j)", (from, to, leavesNoRight, isBound) => {
  const [unit] = fromShow(`Id=a.service\n${SHOWN.replace(from, to)}`);
  expect({ leavesNoRight: unit?.leavesNoRight === true, isBound: unit?.isBound === true }).toEqual({
    leavesNoRight,
    isBound,
  });
});

test.each<[readonly string[], boolean]>([
  [["~CAP_NET_BIND_SERVICE"], true],
  [["~CAP_CHOWN cap_net_bind_service"], true],
  [["CAP_CHOWN", "~CAP_NET_BIND_SERVICE"], true],
  [[""], true],
  [["CAP_CHOWN", "CAP_FOWNER"], true],
  [[], false],
  [["~"], false],
  [["~CAP_CHOWN"], false],
  [["CAP_CHOWN CAP_NET_BIND_SERVICE"], false],
  [["~CAP_NET_BIND_SERVICE", "CAP_NET_BIND_SERVICE"], false],
  [["~CAP_NET_BIND_SERVICE", "~"], false],
  // systemd knows none of these, and takes it as "~".
  [["~CAP_NET_BIND_SERVICE", "~CAP_TYPO"], false],
  [["~CAP_CHOWN", "CAP_FOWNER"], false],
  [["10"], false],
  [['"CAP_NET_BIND_SERVICE"'], false],
])("takes the bounding set %j for one without the right: %s", (values, expected) => {
  expect(boundWithoutBinding(values)).toBe(expected);
  const settings = values.map((value) => `CapabilityBoundingSet=${value}`).join("\n");
  expect(written(settings).isBound === true).toBe(expected);
});

const DIRECT = { direct: ["/bin/a"], named: [] };

test.each([
  ["ExecStart=/bin/a", DIRECT],
  ["ExecStart=-@:/bin/a b", DIRECT],
  ["ExecStart=//bin/a +x !y", DIRECT],
  ["ExecStart=a b\nExecSearchPath=/bin", { direct: ["a"], named: [] }],
  ["ExecStart=/bin/a ; /bin/b\nExecStop=/bin/c", { direct: ["/bin/a", "/bin/b", "/bin/c"], named: [] }],
  ["ExecStart=/bin/sh -c 'exec /bin/a'", { direct: ["/bin/sh"], named: ["/bin/a"] }],
  ["ExecStart=/bin/a\nExecPaths=+/usr", DIRECT],
  ["ExecStart=+/bin/a", undefined],
  ["ExecStart=-!/bin/a", undefined],
  ["ExecStart=!!/bin/a", undefined],
  ["ExecStart=|/bin/a", undefined],
  ["ExecStart=/bin/a\nExecReload=-+/bin/b", undefined],
  ["ExecStart=/bin/a ; +/bin/b", undefined],
  ['ExecStart="+/bin/a"', undefined],
  ["ExecStart=\\x2b/bin/a", undefined],
  ["ExecStart=/bin/a '", undefined],
  ["ExecStart=/bin/%Q", undefined],
  ["ExecStart=/bin/a\nPermissionsStartOnly=no", undefined],
  ["ExecStart=/bin/a\nUser=%i", undefined],
  ["ExecStart=/bin/a\nExecTomorrow=/bin/b", undefined],
  ["ExecStart=/bin/sh -c 'sudo -n a'", undefined],
  ["ExecStart=/usr/bin/systemd-run /bin/a", undefined],
  ["ExecStart=/bin/a --sudoers=x su-x", DIRECT],
])("knows what %j starts as the unit's user", (settings, expected) => {
  expect(plainlyStarted("a.service", [{ path: "/a", text: `[Service]\n${settings}\n` }])).toEqual(expected);
});

const PASSWD = `root:x:0:0::/:/bin/sh
toor:x:0:0::/:/bin/sh
www:x:33:33::/:/bin/sh
twice:x:34:34::/:/bin/sh
twice:x:0:0::/:/bin/sh
odd:x:00:0::/:/bin/sh
negative:x:-1:0::/:/bin/sh
none:x:4294967295:0::/:/bin/sh
`;

const ordinary = (user: string | undefined, dynamicUser = false, change = {}, id = "a.service"): boolean =>
  isOrdinaryUser(
    { id, user, dynamicUser },
    accountsIn({ passwd: PASSWD, nsswitch: "passwd: files systemd\n", ...change }),
  );

test.each([
  ["www", true],
  ["33", true],
  ["4294967294", true],
  ["root", false],
  ["toor", false],
  ["0", false],
  ["00", false],
  ["4294967295", false],
  ["99999999999", false],
  ["twice", false],
  ["odd", false],
  ["negative", false],
  ["none", false],
  ["nobody", false],
  ["", false],
  ["%i", false],
])("takes the user %j for an ordinary one: %s", (user, expected) => {
  expect(ordinary(user)).toBe(expected);
});

test.each<[string | undefined, string, boolean]>([
  [undefined, "a.service", true],
  ["fresh", "a.service", true],
  ["www", "a.service", true],
  ["toor", "a.service", false],
  ["root", "a.service", false],
  ["33", "a.service", false],
  [undefined, "toor.service", false],
  [undefined, "toor@x.service", false],
  [undefined, "root.service", false],
])("knows whom DynamicUser=yes makes for User=%s in '%s'", (user, id, expected) => {
  expect(ordinary(user, true, {}, id)).toBe(expected);
});

test.each<[object, named: boolean, made: boolean, number: boolean]>([
  [{ nsswitch: "" }, true, true, true],
  [{ nsswitch: "# passwd: ldap\n passwd:\tfiles # ldap\ngroup: ldap\n" }, true, true, true],
  [{ nsswitch: "passwd: files [NOTFOUND=return] sss\n" }, true, false, true],
  [{ nsswitch: "passwd: compat systemd\n" }, true, false, true],
  [{ nsswitch: "passwd: sss files\n" }, false, false, true],
  [{ nsswitch: "passwd: systemd files\n" }, false, true, true],
  [{ nsswitch: "passwd: files [SUCCESS=continue] ldap\n" }, false, false, true],
  [{ nsswitch: "passwd: files [!NOTFOUND=continue] ldap\n" }, false, false, true],
  [{ nsswitch: "passwd: files\npasswd: ldap\n" }, false, false, true],
  [{ nsswitch: "passwd:\n" }, false, false, true],
  [{ nsswitch: undefined }, false, false, true],
  [{ passwd: undefined }, false, false, true],
  [{ passwd: `${PASSWD}+::::::\n` }, false, false, true],
  [{ passwd: ` toor:x:0:0::/:\n\twww:x:0:0::/:\n` }, false, true, true],
])("asks nobody, and knows no user where %j decides", (change, named, made, number) => {
  expect([ordinary("www", false, change), ordinary("fresh", true, change), ordinary("33", false, change)]).toEqual([
    named,
    made,
    number,
  ]);
});
