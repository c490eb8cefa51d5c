// Cures as whoever has asked can paste them.
import { expect, test } from "vitest";
import { assess } from "../../src/coverage/assess.ts";
import { hintFor, pastable } from "../../src/coverage/paste.ts";
import { facts, process, REFUSED, socket } from "./coverage-facts.ts";

const again = "sudo portreservectl verify --unit ypbind --json";
const user = { asRoot: false, again };
const root = { asRoot: true, again };

test.each<[string, string | undefined, string | undefined, string | undefined]>([
  ["what root could see", "run it as root", again, again],
  [
    "what root could do, or somebody else",
    "run it as root, or allow user namespaces with 'sysctl x=1'",
    `run '${again}', or allow user namespaces with 'sysctl x=1'`,
    `run '${again}', or allow user namespaces with 'sysctl x=1'`,
  ],
  [
    "commands one after the other",
    "portreservectl install --unit a.service && systemctl restart a.service",
    "sudo portreservectl install --unit a.service && sudo systemctl restart a.service",
    "portreservectl install --unit a.service && systemctl restart a.service",
  ],
  ["a command that anybody may run", "portreservectl check", "portreservectl check", "portreservectl check"],
  ["a look at sockets", "ss -tan 'sport < :1024'", "ss -tan 'sport < :1024'", "ss -tan 'sport < :1024'"],
  ["advice", "restart process 640", "restart process 640", "restart process 640"],
  ["nothing", undefined, undefined, undefined],
])("gives %s", (_, hint, forUser, forRoot) => {
  expect([hintFor(hint, user), hintFor(hint, root)]).toEqual([forUser, forRoot]);
});

test("leaves no answer, allocator or hint of a host without its command", () => {
  const found = assess(
    facts({
      asRoot: false,
      setup: { list: { namesShim: false, since: undefined } },
      processes: [process(), process({ pid: 7, unit: "a.service", objects: REFUSED, program: REFUSED })],
      sockets: [socket({ protocol: "udp", state: "bound", holders: [640] })],
    }),
  );
  const hintsOf = ({ answers, allocators, hints }: typeof found): readonly (string | undefined)[] =>
    [...answers, ...allocators, ...hints].map(({ hint }) => hint);
  // The control: coverage itself knows neither.
  expect(hintsOf(found)).toEqual(expect.arrayContaining(["run it as root", "portreservectl install"]));
  const told = hintsOf(pastable(found, user));
  expect(told).toContain(again);
  expect(told.filter((hint) => hint === "run it as root" || hint?.startsWith("portreservectl install"))).toEqual([]);
});
