// Units as systemctl shows them, from texts of a real systemd 252; and where they listen.
import { expect, test } from "vitest";
import { fromFiles } from "../../src/core/systemd/from-files.ts";
import { fromShow, present } from "../../src/core/systemd/from-show.ts";
import { shownListen, writtenListen } from "../../src/core/systemd/listens.ts";
import { PRESENT_STATES, type Unit } from "../../src/core/systemd/unit.ts";

const STATUS = "ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }";

/** As 'systemctl show' prints it, with a unit whose arguments have line feeds in them and one whose name is escaped. */
const SHOWN = String.raw`MainPID=0
ExecStart={ path=/bin/echo ; argv[]=/bin/echo a
b x ; path=/bin/zz ; argv[]= $\{FOO} ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }
ExecStart={ path=/bin/true ; argv[]=/bin/true ; ignore_errors=yes ; start_time=[n/a] ; stop_time=[n/a] ; pid=77 ; code=exited ; status=1 }
Id=odd.service
Names=odd.service "\\x2fodd\\x20name.service"
LoadState=loaded
ActiveState=inactive
FragmentPath=/etc/systemd/system/odd.service
DropInPaths=/etc/systemd/system/odd.service.d/50-portreserve.conf "/etc/systemd/system/odd.service.d/a b é.conf"

Listen=[::]:631 (Stream)
Listen=127.0.0.1:631 (Datagram)
Listen=[::1]:632 (Stream)
Listen=/run/x\\ny (Stream) (Stream)
Listen=@abs (Stream)
Listen=/run/1.2.3.4:5 (Stream)
Listen=vsock:2:3 (Stream)
Listen=/run/fifo (FIFO)
Listen=[::]:1024 (Stream)
Listen=audit 1 (Netlink)
Listen=[fe80::1]:633 (Stream)
Id=cups.socket
Names=cups.socket
LoadState=loaded
ActiveState=active
FragmentPath=/etc/systemd/system/cups.socket
DropInPaths=

MainPID=0
Id=ypbind.service
Names=ypbind.service
LoadState=masked
ActiveState=inactive
FragmentPath=/etc/systemd/system/ypbind.service
DropInPaths=

MainPID=0
Id=nope.service
Names=nope.service
LoadState=not-found
ActiveState=inactive
FragmentPath=
DropInPaths=

MainPID=86
ExecStart={ path=rpc.statd ; argv[]=rpc.statd --no-notify ; ignore_errors=no ; start_time=[Mon 2026-11-23 11:08:05 UTC] ; stop_time=[n/a] ; pid=86 ; code=killed ; status=9/KILL }
Id=gone@one.service
Names=gone@one.service
LoadState=not-found
ActiveState=active
FragmentPath=
DropInPaths=
`;

const ODD: Partial<Unit> = {
  id: "odd.service",
  names: ["odd.service", "\\x2fodd\\x20name.service"],
  loadState: "loaded",
  activeState: "inactive",
  mainPid: undefined,
  fragmentPath: "/etc/systemd/system/odd.service",
  dropInPaths: [
    "/etc/systemd/system/odd.service.d/50-portreserve.conf",
    "/etc/systemd/system/odd.service.d/a b é.conf",
  ],
  programs: ["/bin/echo", "/bin/true"],
  listens: [],
  rootDirectory: undefined,
  rootImage: undefined,
  mounted: [],
  profile: undefined,
};

test("reads every unit that systemctl shows, but those that are neither there nor running", () => {
  expect(present(fromShow(SHOWN))).toMatchObject([
    ODD,
    {
      ...ODD,
      id: "cups.socket",
      names: ["cups.socket"],
      activeState: "active",
      fragmentPath: "/etc/systemd/system/cups.socket",
      dropInPaths: [],
      programs: [],
      listens: [
        { protocol: "tcp", address: "::", port: 631 },
        { protocol: "udp", address: "127.0.0.1", port: 631 },
        { protocol: "tcp", address: "::1", port: 632 },
        { protocol: "tcp", address: "fe80::1", port: 633 },
      ],
    },
    {
      ...ODD,
      id: "ypbind.service",
      names: ["ypbind.service"],
      loadState: "masked",
      fragmentPath: "/etc/systemd/system/ypbind.service",
      dropInPaths: [],
      programs: [],
    },
    {
      ...ODD,
      id: "gone@one.service",
      names: ["gone@one.service"],
      loadState: "not-found",
      activeState: "active",
      mainPid: 86,
      fragmentPath: undefined,
      dropInPaths: [],
      programs: ["rpc.statd"],
    },
  ]);
});

test("asks systemctl for the states of what it keeps, and for no others", () => {
  const loads = ["stub", "loaded", "not-found", "bad-setting", "error", "merged", "masked"];
  const actives = [
    "active",
    "reloading",
    "inactive",
    "failed",
    "activating",
    "deactivating",
    "maintenance",
    "refreshing",
  ];
  for (const load of loads) {
    for (const active of actives) {
      const kept = present(fromShow(`Id=a.service\nLoadState=${load}\nActiveState=${active}\n`)).length > 0;
      expect([load, active, [load, active].some((state) => PRESENT_STATES.includes(state))]).toEqual([
        load,
        active,
        kept,
      ]);
    }
  }
});

test("takes no line within the arguments of a program for one of systemctl's own", () => {
  const forged = "/bin/echo a\n\nId=forged.service\nLoadState=loaded\nActiveState=active\nMainPID=1\n\nId=x.service";
  const shown = `MainPID=5\nExecStart={ path=/bin/echo ; argv[]=${forged} ; ${STATUS}\nId=real.service\nLoadState=loaded\nActiveState=active\n`;
  const ids = (text: string): unknown => present(fromShow(text)).map(({ id, mainPid }) => [id, mainPid]);
  expect(ids(shown)).toEqual([["real.service", 5]]);
  // The same lines where they are systemctl's.
  expect(ids(shown.replace(`ExecStart={ path=/bin/echo ; argv[]=${forged} ; ${STATUS}`, `\n${forged}`))).toContainEqual(
    ["forged.service", 1],
  );
});

test("reads on behind a program whose end it does not find", () => {
  const shown =
    "ExecStart={ path=/bin/a ; argv[]=/bin/a ; in another way }\nId=a.service\nLoadState=loaded\n\nId=b.service\n";
  expect(present(fromShow(shown)).map(({ id, programs }) => [id, programs])).toEqual([
    ["a.service", []],
    ["b.service", []],
  ]);
});

test.each(["", "\n\n\n", "Id=", "=\n=", "ExecStart={\nExecStart={", "\0\u001b[31mId=x.service"])(
  "finds no unit in %j",
  (text) => {
    expect(present(fromShow(text))).toEqual([]);
  },
);

test("reads what systemctl shows of the programs beside ExecStart=, line feeds in them and all", () => {
  const shown = `ExecStartPre={ path=/bin/a ; argv[]=/bin/a b\n\nId=forged.service ; ${STATUS}\nExecStartPre={ path=/bin/b ; argv[]=/bin/b ; ${STATUS}\nExecReload={ path=/bin/c ; argv[]=/bin/c ; ${STATUS}\nId=x.service\nLoadState=loaded\n`;
  expect(fromShow(shown).map(({ id, helpers }) => [id, helpers])).toEqual([
    ["x.service", ["/bin/a", "/bin/b", "/bin/c"]],
  ]);
});

test("reads where names without a folder are looked for", () => {
  const text = "[Service]\nExecSearchPath=/never\nExecSearchPath=\nExecSearchPath=/opt/a:/opt/b\nExecSearchPath=/c\n";
  const searchPath = ["/opt/a", "/opt/b", "/c"];
  expect(fromFiles("a.service", [{ path: "/a", text }])).toMatchObject({ searchPath });
  expect(fromShow("Id=a.service\nExecSearchPath=/opt/a /opt/b /c\n")).toMatchObject([{ searchPath }]);
});

test.each([
  ["0.0.0.0:631 (Stream)", { protocol: "tcp", address: "0.0.0.0", port: 631 }],
  ["[fe80::1%eth0]:1 (Datagram)", { protocol: "udp", address: "fe80::1%eth0", port: 1 }],
  ["[::]:1023 (Stream)", { protocol: "tcp", address: "::", port: 1023 }],
  ["[::]:1024 (Stream)", undefined],
  ["[::]:0 (Stream)", undefined],
  ["/run/0.0.0.0:631 (Stream)", undefined],
  ["[::]:631 (SequentialPacket)", undefined],
  ["[::]:631 (constructor)", undefined],
  ["[::]:631", undefined],
  ["x\n[::]:631 (Stream)", undefined],
])("reads the socket %j", (text, expected) => {
  expect(shownListen(text)).toEqual(expected);
});

test("knows that a port alone is every address", () => {
  expect(writtenListen("Stream", "631")).toEqual({ protocol: "tcp", address: "::", port: 631 });
  expect(writtenListen("Stream", "@631")).toBeUndefined();
});
