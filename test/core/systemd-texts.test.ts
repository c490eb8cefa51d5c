// What goes into systemd's files, letter by letter, and what is read from its answers.
import { expect, test } from "vitest";
import {
  DROP_IN_NAME,
  dropInPath,
  dropInText,
  isOurDropIn,
  preloads,
  withoutOurs,
} from "../../src/core/systemd/drop-in.ts";
import {
  entryOf,
  findEntry,
  parseManagerEnvironment,
  parseShownEnvironment,
} from "../../src/core/systemd/environment.ts";
import { fromShow } from "../../src/core/systemd/from-show.ts";
import { holderUnitText } from "../../src/core/systemd/holder-unit-text.ts";
import { shownName, unitName } from "../../src/core/systemd/unit-name.ts";
import { isOurUnit, UNIT_FILES, unitTexts } from "../../src/core/systemd/unit-texts.ts";

const shim = "/usr/$LIB/portreserve/libportreserve.so";
const preload = (value: string) => entryOf(`LD_PRELOAD=${value}`);

test("writes a drop-in that preloads the shim alone", () => {
  expect(
    dropInText({ preload: undefined, shim }),
  ).toBe(`# Written by 'portreservectl install --unit'; 'portreservectl uninstall --unit' removes it.
[Service]
Environment="LD_PRELOAD=/usr/$LIB/portreserve/libportreserve.so"
`);
  expect(dropInPath("ypserv@lan.service")).toBe("ypserv@lan.service.d/50-portreserve.conf");
});

test("writes a unit that starts the holder before all that asks for a port, and again whatever ends it", () => {
  const text = holderUnitText("/lib/%p/portreserve-hold");
  expect(isOurUnit(text)).toBe(true);
  const wanted = [
    "DefaultDependencies=no",
    "Before=sysinit.target network-pre.target shutdown.target",
    "Conflicts=shutdown.target",
    "StartLimitIntervalSec=0",
    "Type=notify",
    "NotifyAccess=main",
    'ExecStart="/lib/%%p/portreserve-hold" --fdstore',
    "ExecReload=/bin/kill -HUP $MAINPID",
    "FileDescriptorStoreMax=4096",
    "LimitNOFILE=16384",
    "Restart=always",
    "RestartSec=1",
    "OOMScoreAdjust=-1000",
    "CapabilityBoundingSet=CAP_NET_BIND_SERVICE CAP_NET_ADMIN",
    "ProtectSystem=strict",
    "ReadWritePaths=/run",
    "SyslogIdentifier=portreserve-hold",
    "SyslogLevel=warning",
    "WantedBy=sysinit.target",
  ];
  const lines = text.split("\n");
  expect(wanted.filter((line) => !lines.includes(line))).toEqual([]);
  // It waits for nothing, or an order of units could become a circle.
  expect(lines.filter((line) => /^(After|Wants|Requires|BindsTo)=/.test(line))).toEqual([]);
});

const VALUES: [before: string, line: string][] = [
  ["", ""],
  [" : ", ""],
  ["libjemalloc.so.2", ":libjemalloc.so.2"],
  ["/a.so /b.so:/c.so", ":/a.so:/b.so:/c.so"],
  ["/a%b.so", ":/a%%b.so"],
  ['/a"b\\c.so', ':/a\\"b\\\\c.so'],
  ["/a\tb\n.so", ":/a\\x09b\\x0a.so"],
  [`/a.so:${shim}:/b.so:${shim}`, ":/a.so:/b.so"],
  [`${shim.replace("LIB", "{LIB}")}:/b.so`, ":/b.so"],
];

test.each(VALUES)("keeps what was preloaded before: %j", (before, after) => {
  const text = dropInText({ preload: preload(before), shim });
  expect(text.split("\n")[2]).toBe(`Environment="LD_PRELOAD=${shim}${after}"`);
});

test("writes the same drop-in again from what its own first version made of the unit", () => {
  const first = dropInText({ preload: preload("/a%b.so /c.so"), shim });
  const effective = preload(`${shim}:/a%b.so:/c.so`);
  expect(dropInText({ preload: effective, shim })).toBe(first);
  expect(withoutOurs(effective, [shim])).toEqual({
    name: "LD_PRELOAD",
    value: "/a%b.so:/c.so",
    template: "/a%%b.so:/c.so",
  });
  expect(withoutOurs(preload(shim), [shim])).toBeUndefined();
  expect(withoutOurs(undefined, [shim])).toBeUndefined();
  expect(withoutOurs(preload("/c.so /d.so"), [shim])).toEqual(preload("/c.so /d.so"));
});

test("knows the shim among other libraries, and nothing that only resembles it", () => {
  expect(preloads(`/a.so ${shim}`, shim)).toBe(true);
  expect(preloads(`${shim}.1:/x${shim}`, shim)).toBe(false);
});

test("knows its own files by their first line", () => {
  const text = dropInText({ preload: undefined, shim });
  expect([text, `${text}# edited\n`].map(isOurDropIn)).toEqual([true, true]);
  expect(["", "[Service]\n", `\n${text}`, text.slice(1)].map(isOurDropIn)).toEqual([false, false, false, false]);
  const units = unitTexts(["/a", "/b", "/c"], { node: "/n", manager: "/m" });
  expect(units.filter(([, unit]) => isOurUnit(unit) && isOurUnit(`${unit}# edited\n`)).map(([name]) => name)).toEqual(
    UNIT_FILES,
  );
  expect([text, "[Unit]\n"].map(isOurUnit)).toEqual([false, false]);
});

// Taken from systemd 252; versions with $'…' in lists quote as the last row does.
const SHOWN: [text: string, entries: string[]][] = [
  ["", []],
  ['"A=b c" C=% F= "G=*"', ["A=b c", "C=%", "F=", "G=*"]],
  ['"B=\\$q\\`\\"x\\\\y" "D=\\n\\001\\177" "E=é;*"', ['B=$q`"x\\y', "D=\n\x01\x7f", "E=é;*"]],
  ['"LD_PRELOAD=/usr/\\$LIB/x.so"', ["LD_PRELOAD=/usr/$LIB/x.so"]],
  ["$'A=b c' $'B=x\\ny\\'\\\\' C=1", ["A=b c", "B=x\ny'\\", "C=1"]],
];

test.each(SHOWN)("reads the list that systemctl shows: %s", (text, entries) => {
  expect(parseShownEnvironment(text).map(({ name, value }) => `${name}=${value}`)).toEqual(entries);
});

test("reads what the manager gives to every service", () => {
  const entries = parseManagerEnvironment(
    "LANG=C.UTF-8\nA=$'b c'\nB=$'x\\ny\\''\nLD_PRELOAD=\"/usr/\\$LIB/x.so\"\nE=\n",
  );
  expect(entries.map(({ name, value }) => `${name}=${value}`)).toEqual([
    "LANG=C.UTF-8",
    "A=b c",
    "B=x\ny'",
    "LD_PRELOAD=/usr/$LIB/x.so",
    "E=",
  ]);
  expect(findEntry(entries, "LD_PRELOAD")?.value).toBe("/usr/$LIB/x.so");
  expect(findEntry(entries, "NOTHING")).toBeUndefined();
});

test("reads what systemctl shows of a unit that is not there, and of no unit", () => {
  expect(fromShow("Id=nope.service\nLoadState=not-found\nActiveState=inactive\nRootDirectory=/\n")[0]).toEqual({
    id: "nope.service",
    names: ["nope.service"],
    loadState: "not-found",
    activeState: "inactive",
    mainPid: undefined,
    fragmentPath: undefined,
    dropInPaths: [],
    environment: [],
    environmentFiles: [],
    unsetEnvironment: [],
    passEnvironment: [],
    rootDirectory: undefined,
    rootImage: undefined,
    user: undefined,
    dynamicUser: false,
    execStart: [],
    programs: [],
    searchPath: [],
    helpers: [],
    listens: [],
    mounted: [],
    execPaths: { never: [], again: [] },
    bindSources: [],
    profile: undefined,
    ownUsers: false,
  });
  expect(fromShow("")).toEqual([]);
});

const NAMES: [text: string, unit: string, kind: string, shown: string][] = [
  ["rpcbind", "rpcbind.service", "plain", "rpcbind.service"],
  ["rpcbind.service", "rpcbind.service", "plain", "rpcbind.service"],
  [
    "dbus-org.freedesktop.login1",
    "dbus-org.freedesktop.login1.service",
    "plain",
    "dbus-org.freedesktop.login1.service",
  ],
  ["x@", "x@.service", "template", "x@portreserve.service"],
  ["x@i", "x@i.service", "instance", "x@i.service"],
  ["x@i@j.service", "x@i@j.service", "instance", "x@i@j.service"],
];

test.each(NAMES)("takes '%s' as a name", (text, unit, kind, shown) => {
  const name = unitName(text);
  expect(name).toEqual({ unit, kind });
  expect("unit" in name && shownName(name)).toBe(shown);
});

const LIST = "'systemctl list-units --type=service --all' lists the services";
const CHARACTERS = "is not the name of a unit: only letters, digits and ':-_.\\@' may be in it";
const REFUSED: [text: string, message: string, hint: string][] = [
  ["", `'' ${CHARACTERS}`, LIST],
  ["a b", `'a b' ${CHARACTERS}`, LIST],
  ["@x", `'@x' ${CHARACTERS}`, LIST],
  ["a".repeat(300), `'${"a".repeat(59)}…' is not the name of a unit: it is longer than 255 characters`, LIST],
  [
    "rpcbind.socket",
    "'rpcbind.socket' is a socket, and only a service has an environment to set",
    "name the service that it starts: 'systemctl show -P Triggers rpcbind.socket' says which",
  ],
  [
    "nfs-client.target",
    "'nfs-client.target' is a target, and only a service has an environment to set",
    "name the service that runs the program, with '.service'",
  ],
  [
    "/lib/systemd/system/rpcbind.service",
    "'/lib/systemd/system/rpcbind.service' is a path, not the name of a unit",
    "write 'rpcbind.service'",
  ],
  ["units/a b", "'units/a b' is a path, not the name of a unit", "write the name alone, as 'rpcbind.service'"],
  ["units/", "'units/' is a path, not the name of a unit", "write the name alone, as 'rpcbind.service'"],
];

test.each(REFUSED)("refuses '%s' as a name, and says what works", (text, message, hint) => {
  expect(unitName(text)).toEqual({ message, hint });
});

test("keeps the drop-in's name, which later ones are measured by", () => {
  expect(DROP_IN_NAME).toBe("50-portreserve.conf");
});
