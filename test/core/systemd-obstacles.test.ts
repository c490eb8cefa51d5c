// What the drop-in cannot reach is said, with a way out; nothing is said where it works.
import { expect, test } from "vitest";
import { type EffectFacts, whyNoEffect } from "../../src/core/systemd/why-no-effect.ts";

const shim = "/usr/$LIB/portreserve/libportreserve.so";

function facts(
  more: Partial<EffectFacts> = {},
  service = "",
  dropIns: Readonly<Record<string, string>> = {},
): EffectFacts {
  const files = Object.entries({ "x.service": `ExecStart=/bin/x\n${service}`, ...dropIns }).map(([name, text]) => ({
    path: `/units/${name}`,
    text: `[Service]\n${text}\n`,
  }));
  return {
    unit: "x.service",
    library: shim,
    kind: "shim",
    files,
    environmentFiles: [],
    programs: [],
    selinux: false,
    ...more,
  };
}

const found = (given: EffectFacts) =>
  whyNoEffect(given).map(({ severity, code, message, hint }) => [`${severity} ${code}`, message, hint]);

test("says nothing of a service that the drop-in reaches", () => {
  const dropIns = {
    "10-jemalloc.conf": "Environment=LD_PRELOAD=/j.so",
    "50-portreserve.conf": `Environment="LD_PRELOAD=${shim}:/j.so"`,
    "60-other.conf": "Environment=A=b\n# Environment=",
    "70-more.conf": `Environment="LD_PRELOAD=/m.so ${shim}"`,
  };
  const programs = [{ path: "/bin/x", setuid: false, capabilities: false, static: false }];
  const environmentFiles = [
    { path: "/env/a", text: "# LD_PRELOAD=/x\nA=b\n" },
    { path: "/env/b", text: "LD_PRELOAD=/x.so\n" },
    { path: "/env/c", text: `LD_PRELOAD="/c.so:${shim}"\n` },
  ];
  expect(
    found(facts({ programs, environmentFiles }, "UnsetEnvironment=LD_PRELOAD=/j.so A\nRootDirectory=/", dropIns)),
  ).toEqual([]);
});

test("names the later drop-in that sets LD_PRELOAD", () => {
  const dropIns = {
    "50-portreserve.conf": `Environment=LD_PRELOAD=${shim}`,
    "override.conf": "Environment=A=1 LD_PRELOAD=/o.so",
  };
  expect(found(facts({}, "", dropIns))).toEqual([
    [
      "error later-drop-in",
      "the drop-in '/units/override.conf' of 'x.service' sets LD_PRELOAD, and systemd reads it after '50-portreserve.conf'",
      `write '${shim}' into that value first, as 'systemctl cat x.service' shows them`,
    ],
  ]);
});

test("names the later drop-in that empties Environment=, also before ours is written", () => {
  expect(found(facts({}, "", { "60-reset.conf": "Environment=\nEnvironment=A=1" }))).toEqual([
    [
      "error later-drop-in",
      "the drop-in '/units/60-reset.conf' of 'x.service' empties Environment=, and systemd reads it after '50-portreserve.conf'",
      "give that file a name that sorts before ours, as 'systemctl cat x.service' shows them",
    ],
  ]);
});

test("takes a later drop-in that sets the shim again as the cure", () => {
  const dropIns = { "60-reset.conf": "Environment=", "70-again.conf": `Environment=LD_PRELOAD=${shim}` };
  expect(found(facts({}, "", dropIns))).toEqual([]);
});

test("names the last environment file that sets LD_PRELOAD, and those it cannot read", () => {
  const environmentFiles = [
    { path: "/env/a", text: "LD_PRELOAD=/a.so" },
    { path: "/env/b", text: "LD_PRELOAD='/b.so'" },
    { path: "/env/c", text: undefined },
  ];
  expect(found(facts({ environmentFiles }))).toEqual([
    [
      "error environment-file",
      "the environment file '/env/b' of 'x.service' sets LD_PRELOAD, and that wins over every drop-in",
      `write '${shim}:' in front of its value there, or take the line out`,
    ],
    [
      "warning environment-file-unread",
      "the environment file '/env/c' of 'x.service' cannot be read; if it sets LD_PRELOAD, the drop-in has no effect",
      "look for LD_PRELOAD with 'sudo grep LD_PRELOAD /env/c'",
    ],
  ]);
});

test.each([
  ["LD_PRELOAD", {}],
  [`LD_PRELOAD=${shim}`, { "50-portreserve.conf": `Environment=LD_PRELOAD=${shim}` }],
])("names UnsetEnvironment=%s", (value, dropIns) => {
  expect(found(facts({}, `UnsetEnvironment=A ${value}`, dropIns))).toEqual([
    [
      "error unset-environment",
      `'x.service' has UnsetEnvironment=${value}, which removes the variable, whatever sets it`,
      "'systemctl cat x.service' shows where; take it out",
    ],
  ]);
});

test("warns of another root", () => {
  expect(found(facts({}, "RootDirectory=/srv/jail"))).toEqual([
    [
      "warning other-root",
      "'x.service' runs with RootDirectory=/srv/jail, where neither the shim nor the table of this host is",
      "install there too, with 'portreservectl install --root /srv/jail', or add BindReadOnlyPaths= for both",
    ],
  ]);
  expect(found(facts({}, "RootImage=/srv/jail.raw"))).toEqual([
    [
      "warning other-root",
      "'x.service' runs with RootImage=/srv/jail.raw, where neither the shim nor the table of this host is",
      "add BindReadOnlyPaths= for the shim's folder and the table to the unit",
    ],
  ]);
});

test("says which programs ignore the variable", () => {
  const program = { setuid: false, capabilities: false, static: false };
  const programs = [
    { ...program, path: "/bin/static", static: true, setuid: true },
    { ...program, path: "/bin/setuid", setuid: true },
    { ...program, path: "/bin/capable", capabilities: true },
  ];
  expect(found(facts({ programs }))).toEqual([
    [
      "error static-program",
      "'/bin/static' of 'x.service' is statically linked, so it preloads nothing",
      "use a dynamically linked build, or keep it from the ports by its own settings",
    ],
    [
      "warning privileged-program",
      "'/bin/setuid' of 'x.service' is setuid or setgid, so the loader may ignore LD_PRELOAD",
      "only the preload list reaches it: 'portreservectl install' without --unit",
    ],
    [
      "warning privileged-program",
      "'/bin/capable' of 'x.service' has file capabilities, so the loader may ignore LD_PRELOAD",
      "only the preload list reaches it: 'portreservectl install' without --unit",
    ],
  ]);
});

test("warns where SELinux is enforcing", () => {
  expect(found(facts({ selinux: true }))).toEqual([
    [
      "warning selinux",
      "SELinux is enforcing: where its policy changes the domain for 'x.service', the loader may ignore LD_PRELOAD",
      "the preload list is not affected: 'portreservectl install' without --unit",
    ],
  ]);
});

const share = "/usr/$LIB/portreserve/libportreserve-share.so";
const shared = (more: Partial<EffectFacts> = {}, service = "", dropIns: Readonly<Record<string, string>> = {}) =>
  found({ ...facts(more, service, dropIns), library: share, kind: "share" });

test("says of the share library what it says of the shim, and that it comes last", () => {
  expect(shared({}, "", { "50-portreserve.conf": `Environment="LD_PRELOAD=/a.so:${share}"` })).toEqual([]);
  expect(shared({}, "", { "60-o.conf": `Environment=LD_PRELOAD=${shim}` })).toEqual([
    [
      "error later-drop-in",
      "the drop-in '/units/60-o.conf' of 'x.service' sets LD_PRELOAD, and systemd reads it after '50-portreserve.conf'",
      `write '${share}' into that value last, as 'systemctl cat x.service' shows them`,
    ],
  ]);
  expect(shared({ environmentFiles: [{ path: "/env/a", text: "LD_PRELOAD=/a.so" }] })).toEqual([
    [
      "error environment-file",
      "the environment file '/env/a' of 'x.service' sets LD_PRELOAD, and that wins over every drop-in",
      `write ':${share}' behind its value there, or take the line out`,
    ],
  ]);
  expect(shared({}, "RootImage=/srv/jail.raw")[0]?.[1]).toBe(
    "'x.service' runs with RootImage=/srv/jail.raw, where neither the share library nor the table of this host is",
  );
});

test("refuses the share library for programs that may not get it: beside a hold they would not start", () => {
  const program = { setuid: false, capabilities: false, static: false, go: false };
  const programs = [
    { ...program, path: "/bin/fine" },
    { ...program, path: "/bin/static", static: true, go: true },
    { ...program, path: "/bin/setuid", setuid: true },
    { ...program, path: "/bin/go", go: true },
  ];
  const hint = "leave its port reserved, and do not hold it";
  expect(shared({ programs })).toEqual([
    ["error static-program", "'/bin/static' of 'x.service' is statically linked, so it preloads nothing", hint],
    [
      "error privileged-program",
      "'/bin/setuid' of 'x.service' is setuid or setgid, so the loader may ignore LD_PRELOAD",
      hint,
    ],
    [
      "error go-program",
      "'/bin/go' of 'x.service' is a program in Go, which makes its system calls itself, so no library gives it SO_REUSEADDR",
      hint,
    ],
  ]);
  // Control: the shim does not go by bind().
  expect(found(facts({ programs: [{ ...program, path: "/bin/go", go: true }] }))).toEqual([]);
});
