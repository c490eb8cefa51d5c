// Why an allocator is out of the reach of the shim, or runs without it: a row for each reason, and which of two reasons wins.
import { expect, test } from "vitest";
import { assess } from "../../src/coverage/assess.ts";
import type { ProcessFacts } from "../../src/coverage/facts.ts";
import {
  bare,
  type Change,
  CLOSED_LIST,
  facts,
  INSTALLED_AT,
  process,
  REFUSED,
  running,
  unit,
} from "./coverage-facts.ts";
import { on } from "./coverage-verdicts.ts";

const noList: Change = { setup: { list: { namesShim: false, since: undefined } } };
const dropIn = (since: number): Change => ({
  ...noList,
  units: [unit("ypbind.service", { hasDropIn: true, dropInSince: since })],
});
const early = { startedAt: INSTALLED_AT - 1 };

const RESTART = "systemctl restart ypbind.service";
const STATIC = "use a dynamically linked build, or keep it from the ports by its own settings";
const ELSEWHERE = "in another root (container, chroot)";

test.each<[string, ProcessFacts, string, Change?]>([
  [
    "a static program",
    running("static", { objects: ["static"] }),
    `not covered (dynamic): static, and no library can be preloaded → ${STATIC}`,
  ],
  [
    "a stripped static program",
    running("stripped", { objects: ["stripped"] }),
    `unknown (dynamic): static, and without a symbol table → ${STATIC}`,
  ],
  [
    "rcmd",
    running("rsh"),
    "not covered (reachable): calls rcmd_af, which no preload reaches → replace it by a newer program",
  ],
  [
    "glibc's old RPC",
    running("oldRpc"),
    "not covered (reachable): calls clnttcp_create, which no preload reaches → replace it by a newer program",
  ],
  [
    "a libtirpc bound to itself",
    process({ objects: ["ypbind", "libc", "shim", "boundTirpc"] }),
    "not covered (reachable): its 'libtirpc.so.3' calls its own functions (-Bsymbolic) → use a build of the library without -Bsymbolic-functions",
  ],
  [
    "a program with one of its own",
    running("ownOne"),
    "not covered (reachable): has a bindresvport of its own, which comes before any preload → use a build without it",
  ],
  [
    "libnfs",
    running("cupsd", { objects: ["cupsd", "libc", "shim", "libnfs"] }),
    "not covered (reachable): 'libnfs.so.13' is known to call bind() itself, which no preload reaches → give it other ports by its own settings, or a network of its own",
  ],
  [
    "glusterfsd",
    running("cupsd", { program: "/usr/sbin/glusterfsd" }),
    "not covered (reachable): 'glusterfsd' is known to call bind() itself, which no preload reaches → give it other ports by its own settings, or a network of its own",
  ],
  [
    "amanda's setuid helper",
    running("/usr/lib/amanda/ambind", { objects: ["cupsd", "libc", "shim"], executable: "cupsd" }),
    "not covered (reachable): 'ambind' is known to call bind() itself, which no preload reaches → give it other ports by its own settings, or a network of its own",
  ],
  [
    "klibc's nfsmount",
    running("/usr/lib/klibc/bin/nfsmount", { objects: ["cupsd", "libc", "shim"], executable: "cupsd" }),
    "not covered (reachable): 'nfsmount' is known to call bind() itself, which no preload reaches → give it other ports by its own settings, or a network of its own",
  ],
  [
    "a file that cannot be read",
    process({ objects: ["ypbind", "libc", "shim", "hole"] }),
    "unknown (readable): its 'secret.so' cannot be seen: permission denied → run it as root",
  ],
  [
    "what may be the shim",
    bare({ objects: ["ypbind", "hole"] }),
    "unknown (readable): its 'secret.so' cannot be seen: permission denied → run it as root",
  ],
  [
    "another root",
    bare({ root: "other", table: "none" }),
    `not covered (loaded): ${ELSEWHERE} → install in that root too`,
  ],
  [
    "other mounts without the table",
    bare({ mounts: "other", table: "none" }),
    `not covered (loaded): ${ELSEWHERE} → install in that root too`,
  ],
  [
    "other mounts with the host's files",
    bare({ mounts: "other", ...early }),
    `not covered (loaded): started before the install → ${RESTART}`,
  ],
  [
    "a list that its user may not read",
    bare({ uid: 33 }),
    "not covered (loaded): only some users may use '/etc/ld.so.preload' → portreservectl install",
    CLOSED_LIST,
  ],
  [
    "the same of root (control)",
    bare(early),
    `not covered (loaded): started before the install → ${RESTART}`,
    CLOSED_LIST,
  ],
  [
    "musl",
    running("musl", { objects: ["musl"] }),
    "not covered (loaded): musl, which does not read the preload list → use a build for glibc",
  ],
  [
    "another ABI",
    running("i386", { objects: ["i386", "libc"] }),
    "not covered (loaded): foreign ABI: no library for i386 → use a build for this host's own ABI",
  ],
  ["an early start", bare(early), `not covered (loaded): started before the install → ${RESTART}`],
  [
    "an early session",
    bare({ ...early, unit: "session-3.scope" }),
    "not covered (loaded): started before the install → log out and in again",
  ],
  [
    "an early user manager",
    bare({ ...early, unit: "user@1000.service" }),
    "not covered (loaded): started before the install → log out and in again",
  ],
  [
    "an early process 1",
    bare({ ...early, pid: 1, unit: "init.scope" }),
    "not covered (loaded): started before the install → systemctl daemon-reexec",
  ],
  [
    "an early bus",
    bare({ ...early, unit: "dbus.service" }),
    "not covered (loaded): started before the install → reboot",
  ],
  [
    "an early process of no unit",
    bare({ ...early, unit: undefined }),
    "not covered (loaded): started before the install → restart process 640",
  ],
  [
    "a unit's name that is no name",
    bare({ ...early, unit: "a;reboot.service" }),
    "not covered (loaded): started before the install → restart process 640",
  ],
  [
    "an escaped name",
    bare({ ...early, unit: "a\\x2db.service" }),
    "not covered (loaded): started before the install → systemctl restart 'a\\x2db.service'",
  ],
  [
    "a start before the drop-in",
    bare(),
    `not covered (loaded): started before the install → ${RESTART}`,
    dropIn(INSTALLED_AT + 5000),
  ],
  [
    "a privileged program with a drop-in",
    bare({ secure: true, preload: true }),
    "not covered (loaded): the loader ignores LD_PRELOAD for privileged programs → portreservectl install",
    dropIn(INSTALLED_AT),
  ],
  [
    "a dropped LD_PRELOAD",
    bare(),
    "not covered (loaded): its LD_PRELOAD was dropped → look for an EnvironmentFile= or a wrapper that empties it, or install for the whole host: portreservectl install",
    dropIn(INSTALLED_AT),
  ],
  ["no install", bare(), "not covered (loaded): not installed for it → portreservectl install", noList],
  [
    "an install for another unit",
    bare(),
    "not covered (loaded): not installed for it → portreservectl install --unit ypbind.service",
    { ...noList, units: [unit("ypbind.service"), unit("rpc-statd.service", { hasDropIn: true })] },
  ],
  [
    "a list that cannot be seen",
    bare(),
    "not covered (loaded): the preload list cannot be seen: permission denied → run it as root",
    { setup: { list: REFUSED } },
  ],
  [
    "a loader that did not load it",
    bare(),
    "not covered (loaded): the loader did not load the shim → run its program by hand with LD_DEBUG=libs to see why",
  ],
])("judges %s", (_, one, expected, change) => {
  expect(on(one, change)).toBe(expected);
});

test.each<[string, ProcessFacts, string, Change?]>([
  ["static before another root", running("static", { objects: ["static"], root: "other", table: "none" }), "dynamic"],
  ["rcmd before a missing shim", running("rsh", { objects: ["rsh"] }), "reachable"],
  ["rcmd before a file that cannot be read", running("rsh", { objects: ["rsh", "hole"] }), "reachable"],
  ["another root before an early start", bare({ ...early, root: "other" }), "loaded"],
  [
    "what is surely not covered before what is not known",
    process({ bindings: REFUSED, table: "none", root: "other" }),
    "table",
  ],
])("asks for %s", (_, one, check) => {
  expect(assess(facts({ processes: [one] })).allocators.map((it) => it.check)).toEqual([check]);
});
