// What a distribution builds, without Node: `make -C native` with its own flags, into a DESTDIR, within the same limits.
import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { named, skipReason } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { noSandbox, play } from "../support/sandbox.ts";

const HARDENED = [
  "CPPFLAGS=-Wdate-time -D_FORTIFY_SOURCE=2",
  "CFLAGS=-g -O2 -fstack-protector-strong -fstack-clash-protection -Wformat -Werror=format-security",
  "LDFLAGS=-Wl,-z,relro -Wl,-z,now -Wl,--build-id",
];

/** With which variables for make, and what is lacking here for them. */
const BUILDS: Readonly<
  Record<string, { readonly variables: readonly string[]; readonly reason?: string | undefined }>
> = {
  "by itself": { variables: [] },
  "with Debian's hardening": { variables: HARDENED },
  "for speed": { variables: ["CFLAGS=-O3 -flto=auto"] },
  "by clang": { variables: ["CC=clang"], reason: skipReason({ program: "clang", package: "clang" }) },
  "for arm64": {
    variables: ["CC=aarch64-linux-gnu-gcc"],
    reason: skipReason({ program: "aarch64-linux-gnu-gcc", package: "gcc-aarch64-linux-gnu" }),
  },
};

interface Built {
  readonly status: number | null;
  readonly said: string;
  readonly destination: string;
}

/** Installs below a new folder, from a copy of the sources, where a checkout may be read-only. */
function build(variables: readonly string[]): Built {
  const project = scratch();
  for (const part of ["native", "package.json"])
    cpSync(path.join(packageRoot, part), path.join(project, part), { recursive: true });
  const destination = scratch();
  const all = ["-C", path.join(project, "native"), "install", `DESTDIR=${destination}`, ...variables];
  const { status, stdout, stderr } = spawnSync("make", all, { encoding: "utf8" });
  return { status, said: stdout + stderr, destination };
}

const gates = (file: string): { readonly status: number | null; readonly said: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(packageRoot, "scripts/gates.mjs"), file], {
    encoding: "utf8",
  });
  return { status, said: stdout + stderr };
};

const SHIM = "usr/lib/portreserve/libportreserve.so";
const HIGH = "usr/lib/portreserve/libportreserve-high.so";
const SHARE = "usr/lib/portreserve/libportreserve-share.so";
const HOLDER = "usr/lib/portreserve/portreserve-hold";

describe.each(Object.entries(BUILDS))("%s", (_, { variables, reason }) => {
  test.skipIf(reason !== undefined)(
    named("it is within the limits, and installed where it is looked for", reason),
    () => {
      const { status, said, destination } = build(variables);
      expect(said).not.toMatch(/warning/i);
      expect(status, said).toBe(0);
      const listed = spawnSync("find", [".", "-type", "f", "-printf", "%m %P\\n"], {
        cwd: destination,
        encoding: "utf8",
      });
      expect(listed.stdout.trim().split("\n").sort()).toEqual([
        `644 ${HIGH}`,
        `644 ${SHARE}`,
        `644 ${SHIM}`,
        `755 ${HOLDER}`,
        "755 usr/lib/portreserve/portreserve-pidexec",
        "755 usr/lib/portreserve/portreserve-probe",
        "755 usr/lib/portreserve/portreserve-probe-static",
      ]);
      for (const file of [SHIM, HIGH, SHARE, HOLDER]) {
        expect(gates(path.join(destination, file)), file).toMatchObject({ status: 0 });
      }
    },
  );
});

test("a shim that needs more than it may is found (control)", () => {
  const { destination } = build(["SHIM_CFLAGS=-fPIC -fvisibility=hidden -fstack-protector-all"]);
  const { status, said } = gates(path.join(destination, SHIM));
  expect(status).toBe(1);
  expect(said).toMatch(/FAIL other imports +\S*__stack_chk_fail/);
});

test("a holder that needs libraries, and whose stack can be run, is found (control)", () => {
  const { destination } = build(["STATIC_LDFLAGS=-no-pie -Wl,-z,norelro -Wl,-z,lazy -Wl,-z,execstack"]);
  const { status, said } = gates(path.join(destination, HOLDER));
  expect(status).toBe(1);
  for (const what of ["kind", "interpreter", "libraries", "written and run", "stack", "relro", "bound at start"]) {
    expect(said).toMatch(new RegExp(`FAIL ${what}`));
  }
});

const noCages = await noSandbox();

test.skipIf(noCages !== undefined)(named("what Debian's flags have made keeps a reserved port", noCages), async () => {
  const shim = path.join(build(HARDENED).destination, SHIM);
  const call = 'thief "$PROBE" --symbol bindresvport';
  expect((await play(call, { cover: "LD_PRELOAD", shim })).stdout).toBe('{"port":632}\n');
  expect((await play(call, { cover: "nothing" })).stdout, "control").toBe('{"port":631}\n');
});
