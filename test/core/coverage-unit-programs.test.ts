// Units by their own files: which programs they start, and what these start.
import { expect, test } from "vitest";
import { execPrograms } from "../../src/core/systemd/exec-programs.ts";
import { fromFiles } from "../../src/core/systemd/from-files.ts";

test("reads what a unit's own files say together", () => {
  const files = [
    {
      path: "/a",
      text: "[Service]\nExecStart=/bin/first\nExecStartPre=/bin/pre\nExecStopPost=/bin/never\n[Socket]\nListenStream=1\n",
    },
    {
      path: "/b",
      text: `[Service]
ExecStart=
ExecStart=-@/usr/sbin/%p other \\
  words
ExecStart=!"/opt/a b/q r" x
ExecStart=//usr/lib/twice.sh
ExecStart=/bin/bash -c "\${NUMACTL} /usr/bin/ganesha.nfsd -C \${OPTIONS}; /usr/sbin/rpcbind&"
ExecStart=relative
ExecStart=
[Service]
ExecStart=-@/usr/sbin/%p /bin/never
ExecStart=!"/opt/a b/q r" x
ExecStart=//usr/lib/twice.sh
ExecStart=/bin/bash -c "\${NUMACTL} /usr/bin/ganesha.nfsd -C \${OPTIONS}; /usr/sbin/rpcbind&"
ExecStart=relative
ExecCondition=/bin/test x
ExecStartPost=-/bin/sh -c '/bin/post; /bin/more'
ExecReload=+/bin/reload
ExecStop=:/bin/pre again
ExecStopPost=
ExecStopPost=!!/bin/last
[Socket]
ExecStopPre=/bin/socket
ListenStream=
ListenStream=0.0.0.0:111
ListenDatagram=111
ListenStream=/run/rpcbind.sock
ListenSequentialPacket=112
ListenNetlink=audit 1
ListenStream=2049
[Unit]
ExecStart=/bin/elsewhere
`,
    },
  ];
  expect(fromFiles("ypbind@x.service", files)).toMatchObject({
    id: "ypbind@x.service",
    fragmentPath: "/a",
    dropInPaths: ["/b"],
    programs: [
      "/usr/sbin/ypbind",
      "/opt/a b/q r",
      "/usr/lib/twice.sh",
      "/bin/bash",
      "/usr/bin/ganesha.nfsd",
      "/usr/sbin/rpcbind",
      "relative",
    ],
    helpers: ["/bin/test", "/bin/pre", "/bin/sh", "/bin/post", "/bin/more", "/bin/reload", "/bin/last"],
    listens: [
      { protocol: "tcp", address: "0.0.0.0", port: 111 },
      { protocol: "udp", address: "::", port: 111 },
    ],
    rootDirectory: undefined,
    rootImage: undefined,
    mounted: [],
    environment: [],
  });
});

test("reads what a socket starts, and only from its own section", () => {
  const text =
    "[Service]\nExecStart=/bin/x\nExecStartPre=/bin/y\n[Socket]\nExecStartPre=/bin/a b\nExecStopPre=-/bin/c\n";
  expect(fromFiles("a.socket", [{ path: "/a", text }])).toMatchObject({ programs: [], helpers: ["/bin/a", "/bin/c"] });
  expect(fromFiles("a.service", [{ path: "/a", text }])).toMatchObject({ programs: ["/bin/x"], helpers: ["/bin/y"] });
});

test.each<[string, string[]]>([
  ["/bin/a x ; /bin/b ; -/bin/c", ["/bin/a", "/bin/b", "/bin/c"]],
  ["/bin/a x; /bin/b", ["/bin/a"]],
  ["/bin/a ';' /bin/b", ["/bin/a"]],
  ["/bin/a \\; /bin/b", ["/bin/a"]],
  ["/bin/sh -c 'true ; /bin/b' ; +!/bin/c", ["/bin/sh", "/bin/b", "/bin/c"]],
  ["; /bin/a ;", ["/bin/a"]],
])("finds every command of %j", (value, expected) => {
  const text = `[Service]\nExecStart=${value}\nExecStartPre=${value}\n`;
  expect(fromFiles("a.service", [{ path: "/a", text }])).toMatchObject({ programs: expected, helpers: expected });
});

test("finds what a program starts that is there to start others", () => {
  const started = ["-i", "/usr/sbin/ypbind", "/etc/yp.conf"];
  const paths = ["/usr/sbin/ypbind", "/etc/yp.conf"];
  expect(execPrograms("/usr/bin/env", started)).toEqual(["/usr/bin/env", ...paths]);
  expect(execPrograms("/lib64/ld-linux-x86-64.so.2", started).slice(1)).toEqual(paths);
  expect(execPrograms("/usr/sbin/rpcbind", started)).toEqual(["/usr/sbin/rpcbind"]);
});

test("takes only a shell's words for programs", () => {
  expect(execPrograms("/bin/sh", ["-c", "exec /usr/sbin/a -f /opt/a.conf $B/c '/usr/*'"])).toEqual([
    "/bin/sh",
    "/usr/sbin/a",
    "/opt/a.conf",
  ]);
  expect(execPrograms("/usr/bin/cat", ["/usr/sbin/a"])).toEqual(["/usr/bin/cat"]);
});
