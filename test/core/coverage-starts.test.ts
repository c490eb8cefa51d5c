// The verdict on what its unit or the preload list will come to at its next start.
import { expect, test } from "vitest";
import type { ProgramFacts } from "../../src/coverage/facts.ts";
import type { UnitFacts } from "../../src/coverage/unit-facts.ts";
import { type Change, CLOSED_LIST, listed, program, unit } from "./coverage-facts.ts";
import { library, only, programOf } from "./coverage-verdicts.ts";

const noList = { setup: { list: { namesShim: false, since: undefined } } };
const dropIn = { ...noList, units: [unit("ypbind.service", { hasDropIn: true })] };
const defeated = (certain: boolean): { units: UnitFacts[]; setup: Change["setup"] } => ({
  ...noList,
  units: [
    unit("ypbind.service", {
      hasDropIn: true,
      dropInObstacle: { certain, reason: "its file sets it", hint: "take the line out" },
    }),
  ],
});
const hidden = { units: [unit("ypbind.service", { hides: "InaccessiblePaths=/etc" })] };
const masked = { hidesList: "BindReadOnlyPaths=/dev/null:/etc/ld.so.preload" };
const noExec = { noExec: { setting: "NoExecPaths=/", libraries: ["/usr/lib/portreserve/libportreserve.so"] } };
const ypbind = (change: Partial<UnitFacts>): { units: UnitFacts[] } => ({ units: [unit("ypbind.service", change)] });
const ordinary = (...programs: string[]) => ypbind({ ordinaryUser: { setting: "User=nis", programs } });
const STALE = "its drop-in preloads /old.so with the shim, and its unit now says /new.so";
const setuid = program({ path: "/sbin/mount.nfs", unit: undefined, privileged: true });

test.each<[string, ProgramFacts, string, Change?]>([
  ["a unit's program with a drop-in", program(), "covered (covered): when it starts", dropIn],
  [
    "a drop-in that something defeats",
    program(),
    "not covered (installed): its file sets it → take the line out",
    defeated(true),
  ],
  [
    "a drop-in that something may defeat",
    program(),
    "unknown (installed): its file sets it → take the line out",
    defeated(false),
  ],
  [
    "a drop-in that something defeats, and the list",
    program(),
    "covered (covered): when it starts",
    { units: defeated(true).units },
  ],
  [
    "another root, whatever the program here is",
    programOf(["static"], { unit: "ypbind.service" }),
    "unknown (root): would be started in another root (RootImage=/srv/a.raw) → start it, and look again",
    { units: [unit("ypbind.service", { otherRoot: "RootImage=/srv/a.raw" })] },
  ],
  [
    "a list that not every user may read",
    program(),
    "unknown (usable): only some users may use '/etc/ld.so.preload' → portreservectl install",
    CLOSED_LIST,
  ],
  [
    "the same with a drop-in, which needs no list (control)",
    program(),
    "covered (covered): when it starts",
    { ...CLOSED_LIST, units: [unit("ypbind.service", { hasDropIn: true })] },
  ],
  [
    "a folder of the shim's that not everybody may enter",
    program(),
    "unknown (usable): only some users may use '/usr/lib/portreserve' → chmod a+x /usr/lib/portreserve",
    library({ state: "current", closedBy: { path: "/usr/lib/portreserve", isFolder: true } }),
  ],
  [
    "a library before the shim in the list",
    program(),
    "not covered (order): 'libsocks.so' stands before the shim in the preload list, and has a bindresvport of its own → move '/opt/libsocks.so' below the shim's line in /etc/ld.so.preload",
    listed("wrapper", true),
  ],
  [
    "one behind it whose other functions may call its own",
    program(),
    "unknown (order): its 'libsocks.so' has allocators of its own, which its other functions may call → take it out of the preload list or LD_PRELOAD, or use a build without it",
    listed("socks", false),
  ],
  ["one behind it (control)", program(), "covered (covered): when it starts", listed("wrapper", false)],
  [
    "one before the shim in the list, and a drop-in, which comes before the list (control)",
    program(),
    "covered (covered): when it starts",
    { ...listed("wrapper", true), units: [unit("ypbind.service", { hasDropIn: true })] },
  ],
  [
    "one before the shim that defeats a privileged program, which heeds no drop-in",
    program({ unit: "ypbind.service", privileged: true }),
    "not covered (order): 'libsocks.so' stands before the shim in the preload list, and has a bindresvport of its own → move '/opt/libsocks.so' below the shim's line in /etc/ld.so.preload",
    { ...listed("wrapper", true), units: [unit("ypbind.service", { hasDropIn: true })] },
  ],
  [
    "one before the shim that cannot be read",
    program(),
    "unknown (order): what 'secret.so' of the preload list defines cannot be seen: permission denied → run it as root",
    listed("hole", true),
  ],
  [
    "a hidden table",
    program(),
    "unknown (files): would find other files than this host's (InaccessiblePaths=/etc) → start it, and look again",
    hidden,
  ],
  [
    "a hidden table of a unit that it is not installed for",
    program(),
    "not covered (installed): not installed for it → portreservectl install",
    { ...noList, ...hidden },
  ],
  [
    "a hidden preload list",
    program(),
    "unknown (list): would find another preload list than this host's (BindReadOnlyPaths=/dev/null:/etc/ld.so.preload) → portreservectl install --unit ypbind.service",
    ypbind(masked),
  ],
  [
    "a hidden preload list of a socket, which can have no drop-in",
    program({ unit: "yp.socket" }),
    "unknown (list): would find another preload list than this host's (BindReadOnlyPaths=/dev/null:/etc/ld.so.preload) → take that setting out with 'systemctl edit --full yp.socket'",
    { units: [unit("yp.socket", masked)] },
  ],
  [
    "a hidden preload list of a unit with a drop-in",
    program(),
    "covered (covered): when it starts",
    ypbind({ ...masked, hasDropIn: true }),
  ],
  [
    "a hidden preload list and a drop-in that something defeats",
    program(),
    "not covered (list): its file sets it → take the line out",
    ypbind({
      ...masked,
      hasDropIn: true,
      dropInObstacle: { certain: true, reason: "its file sets it", hint: "take the line out" },
    }),
  ],
  [
    "a shim that may not be run",
    program(),
    "not covered (runnable): may not run the shim's code (NoExecPaths=/) → add ExecPaths=/usr/lib/portreserve with 'systemctl edit ypbind.service', and restart it",
    ypbind(noExec),
  ],
  [
    "a shim that may not be run, of another ABI",
    program(),
    "covered (covered): when it starts",
    ypbind({ noExec: { ...noExec.noExec, libraries: ["/usr/lib32/libportreserve.so"] } }),
  ],
  [
    "a program in a user namespace of its own, covered or not",
    program(),
    "covered (powerless): could take no privileged port (PrivateUsers=yes)",
    { ...noList, ...ypbind({ keptBy: "PrivateUsers=yes" }) },
  ],
  [
    "the same where no privilege is needed (control)",
    program(),
    "not covered (installed): not installed for it → portreservectl install",
    { ...noList, ...ypbind({ keptBy: "PrivateUsers=yes" }), kernel: { unprivilegedPortStart: 600 } },
  ],
  [
    "a program that its unit starts as an ordinary user, static or not",
    programOf(["stripped"], { unit: "ypbind.service" }),
    "covered (powerless): could take no privileged port (User=nis)",
    ordinary("/opt/x", "/opt/stripped"),
  ],
  [
    "another program of the same unit (control)",
    programOf(["stripped"], { unit: "ypbind.service" }),
    "unknown (dynamic): static, and without a symbol table → use a dynamically linked build, or keep it from the ports by its own settings",
    ordinary("/opt/x"),
  ],
  [
    "an ordinary user's where no privilege is needed (control)",
    program(),
    "not covered (installed): not installed for it → portreservectl install",
    { ...noList, ...ordinary(program().path), kernel: { unprivilegedPortStart: 600 } },
  ],
  [
    "a privileged program, whoever may start it (control)",
    setuid,
    "not covered (installed): not installed for it → portreservectl install",
    { ...noList, ...ordinary(setuid.path) },
  ],
  [
    "a drop-in that preloads what its unit no longer says",
    program(),
    "unknown (drop-in): its drop-in preloads /old.so with the shim, and its unit now says /new.so → portreservectl install --unit ypbind.service",
    { ...noList, ...ypbind({ hasDropIn: true, dropInStale: STALE }) },
  ],
  [
    "a privileged program, which heeds no drop-in (control)",
    setuid,
    "covered (covered): when it starts",
    ypbind({ hasDropIn: true, dropInStale: STALE }),
  ],
  [
    "libraries before the shim",
    program(),
    "unknown (order): would get other libraries before the shim (LD_PRELOAD=/x.so) → start it, and look again",
    { units: [unit("ypbind.service", { preloadsFirst: "/x.so" })] },
  ],
  ["a setuid program, whatever units hide", setuid, "covered (covered): when it starts", hidden],
  [
    "a setuid program and drop-ins",
    setuid,
    "not covered (installed): not installed for it → portreservectl install",
    dropIn,
  ],
])("judges %s before it runs", (_, one, expected, change) => {
  expect(only({ programs: [one], ...change })).toEqual([expected]);
});
