// The verdict on an allocator that has the shim: by its library, and by where its calls lead.
import { expect, test } from "vitest";
import type { ProcessFacts } from "../../src/coverage/facts.ts";
import { type Change, listed, process, REFUSED, unit } from "./coverage-facts.ts";
import { on } from "./coverage-verdicts.ts";

const RESTART = "systemctl restart ypbind.service";

const NOT_LISTED: Change = { setup: { list: { namesShim: false, since: undefined } } };
const FIRST = "stands before the shim, and has a bindresvport of its own";
const OTHERS =
  "has allocators of its own, which its other functions may call → take it out of the preload list or LD_PRELOAD, or use a build without it";
const before = (change: Partial<ProcessFacts>): ProcessFacts =>
  process({ objects: ["ypbind", "wrapper", "libc", "shim"], lookup: ["wrapper", "shim", "libc"], ...change });

test.each<[string, ProcessFacts, string, Change?]>([
  [
    "an older library",
    process({ objects: ["ypbind", "libc", "oldShim"] }),
    `covered (covered): by an older library (0.3.0); restart to update → ${RESTART}`,
  ],
  [
    "another copy of the library of this version, as run brings one",
    process({ objects: ["ypbind", "libc", "sameShim"] }),
    "covered (covered): by another copy of this version's library (0.4.0)",
  ],
  [
    "the shim by run, where nothing is installed",
    process({ objects: ["ypbind", "libc", "sameShim"] }),
    "covered (covered): now, but not after its next start → portreservectl install",
    NOT_LISTED,
  ],
  [
    "a drop-in that has gone, by uninstall or systemctl revert, where another unit has one",
    process(),
    "covered (covered): now, but not after its next start → portreservectl install --unit ypbind.service",
    { ...NOT_LISTED, units: [unit("ypbind.service"), unit("b.service", { hasDropIn: true })] },
  ],
  [
    "a drop-in that a later one defeats",
    process(),
    "covered (covered): now, but not after its next start → take the line out",
    {
      ...NOT_LISTED,
      units: [
        unit("ypbind.service", {
          hasDropIn: true,
          dropInObstacle: { certain: true, reason: "a later one sets it", hint: "take the line out" },
        }),
      ],
    },
  ],
  [
    "a drop-in that preloads what its unit no longer says",
    process(),
    "unknown (drop-in): its drop-in preloads /old.so with the shim, and its unit now says nothing → portreservectl install --unit ypbind.service",
    {
      ...NOT_LISTED,
      units: [
        unit("ypbind.service", {
          hasDropIn: true,
          dropInStale: "its drop-in preloads /old.so with the shim, and its unit now says nothing",
        }),
      ],
    },
  ],
  [
    "a drop-in that has effect (control)",
    process(),
    "covered (covered)",
    { ...NOT_LISTED, units: [unit("ypbind.service", { hasDropIn: true })] },
  ],
  [
    "a call that leads elsewhere",
    process({
      bindings: [
        { object: "tirpc", symbol: "bindresvport", leadsTo: "not yet" },
        { object: "tirpc", symbol: "bindresvport_sa", leadsTo: "other" },
      ],
    }),
    "not covered (bindings): its 'libtirpc.so.3' was loaded past the shim (RTLD_DEEPBIND, dlmopen or LD_PRELOAD) → have it loaded without RTLD_DEEPBIND, dlmopen and LD_PRELOAD",
  ],
  [
    "a call that nobody made yet",
    process({ bindings: [{ object: "tirpc", symbol: "bindresvport", leadsTo: "not yet" }] }),
    "unknown (bindings): its 'libtirpc.so.3' was loaded at run time, and has not allocated yet → look again after it has, or start it with LD_BIND_NOW=1",
  ],
  [
    "a call that leads to the shim",
    process({ bindings: [{ object: "tirpc", symbol: "bindresvport", leadsTo: "shim" }] }),
    "covered (covered)",
  ],
  [
    "bindings that cannot be seen",
    process({ bindings: REFUSED }),
    "unknown (bindings): where its calls lead cannot be seen: permission denied → run it as root",
  ],
  [
    "a binding that cannot be seen",
    process({ bindings: [{ object: "tirpc", symbol: "bindresvport", leadsTo: REFUSED }] }),
    "unknown (bindings): where the calls of its 'libtirpc.so.3' lead cannot be seen: permission denied → run it as root",
  ],
  [
    "a library of LD_PRELOAD before the shim",
    before({ objects: ["ypbind", "wrapper", "libc", "shim"] }),
    `not covered (order): its 'libsocks.so' ${FIRST} → portreservectl install --unit ypbind.service --now`,
  ],
  [
    "a library of the list before the shim",
    before({ objects: ["ypbind", "wrapper", "libc", "shim"] }),
    `not covered (order): its 'libsocks.so' ${FIRST} → move '/opt/libsocks.so' below the shim's line in /etc/ld.so.preload, then ${RESTART}`,
    listed("wrapper", true),
  ],
  [
    "a library that the program needs, put before the shim by LD_PRELOAD",
    before({ objects: ["usesTirpc", "tirpc", "libc", "shim"], lookup: ["tirpc", "shim", "libc"] }),
    `not covered (order): its 'libtirpc.so.3' ${FIRST} → portreservectl install --unit ypbind.service --now`,
  ],
  [
    "a library below the shim whose other functions may call its own",
    before({ objects: ["ypbind", "socks", "libc", "shim"], lookup: ["shim", "socks", "libc"] }),
    `unknown (order): its 'libsocks.so' ${OTHERS}`,
  ],
  ["a library below the shim (control)", before({ lookup: ["shim", "wrapper", "libc"] }), "covered (covered)"],
  [
    "a library below the shim that the program needs and that is bound to its own (control)",
    before({ objects: ["usesTirpc", "boundTirpc", "libc", "shim"], lookup: ["shim", "boundTirpc", "libc"] }),
    "not covered (reachable): its 'libtirpc.so.3' calls its own functions (-Bsymbolic) → use a build of the library without -Bsymbolic-functions",
  ],
  [
    "one that was loaded later and is bound to its own (control)",
    before({ objects: ["ypbind", "boundTirpc", "libc", "shim"], lookup: ["shim", "libc", "boundTirpc"] }),
    "not covered (reachable): its 'libtirpc.so.3' calls its own functions (-Bsymbolic) → use a build of the library without -Bsymbolic-functions",
  ],
  [
    "a shim that the loader does not know",
    before({ lookup: ["wrapper", "libc"] }),
    `unknown (order): the shim is mapped, and its loader does not know it → ${RESTART}`,
  ],
  [
    "an order that cannot be seen",
    process({ lookup: REFUSED }),
    "unknown (order): which library is asked first for its functions cannot be seen: permission denied → run it as root",
  ],
])("judges %s", (_, one, expected, change) => {
  expect(on(one, change)).toBe(expected);
});
