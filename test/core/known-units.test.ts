// Units as their files say them, remembered from look to look: the same unit comes back, and never another one.
import { expect, test } from "vitest";
import { fromFiles } from "../../src/core/systemd/from-files.ts";
import { type KeptUnit, unitMemory } from "../../src/observe/units/known-units.ts";

const STAMP = "2049:11 1700000000000000001 1700000000000000002 120 0";
const OTHER = "2049:11 1700000000000000001 1700000000000000003 120 0";

const TEXTS = [
  "",
  "[Service]\nExecStart=/usr/bin/true\n",
  `[Service]
ExecStart=@-/usr/sbin/rpc.statd statd %i
ExecStartPre=/bin/sh -c 'exec /usr/sbin/ypbind'
ExecSearchPath=/opt/bin:/usr/bin
Environment="LD_PRELOAD=/a b.so" X=1%%
EnvironmentFile=-/etc/default/x
UnsetEnvironment=Y
PassEnvironment=Z
RootDirectory=/srv
RootImage=/image
User=nobody
DynamicUser=yes
PrivateUsers=yes
PrivateNetwork=yes
AppArmorProfile=-x
InaccessiblePaths=/etc
BindReadOnlyPaths=/dev/null:/etc/ld.so.preload
NoExecPaths=/
ExecPaths=/usr
`,
];

const units = TEXTS.map((text, index) => {
  const unit = `u${index}@x.service`;
  return [unit, fromFiles(unit, [{ path: `/usr/lib/systemd/system/${unit}`, text }])] as const;
});
const socket = fromFiles("s.socket", [
  { path: "/s.socket", text: "[Socket]\nListenStream=631\nListenDatagram=[::1]:514\n" },
]);

/** As it comes out of a file of JSON. */
function throughFile(kept: readonly KeptUnit[]): readonly KeptUnit[] {
  return JSON.parse(JSON.stringify(kept)) as readonly KeptUnit[];
}

test.each([...units, ["s.socket", socket] as const])("gives %s back as it was, through a file too", (unit, parsed) => {
  const first = unitMemory(() => true);
  first.put(unit, [STAMP], parsed);
  expect(first.get(unit, [STAMP])).toEqual(parsed);
  const { units: kept, isChanged } = first.settle();
  expect(isChanged).toBe(true);
  const second = unitMemory(() => true, throughFile(kept));
  expect(second.get(unit, [STAMP])).toStrictEqual(parsed);
  expect(second.settle().isChanged).toBe(false);
});

test.each([
  ["of another unit", "other.service", [STAMP]],
  ["of a file that has changed", "u1@x.service", [OTHER]],
  ["with another drop-in", "u1@x.service", [STAMP, OTHER]],
  ["whose drop-in has gone", "u1@x.service", []],
])("says nothing %s", (_, unit, stamps) => {
  const memory = unitMemory(() => true);
  const [name, parsed] = units[1] as (typeof units)[number];
  memory.put(name, [STAMP], parsed);
  expect(memory.get(unit, stamps)).toBeUndefined();
  expect(memory.get(name, [STAMP])).toEqual(parsed);
});

test("keeps nothing of which one file may change unseen", () => {
  const memory = unitMemory((stamp) => stamp === STAMP);
  const [name, parsed] = units[1] as (typeof units)[number];
  memory.put(name, [STAMP, OTHER], parsed);
  expect(memory.get(name, [STAMP, OTHER])).toBeUndefined();
  expect(memory.settle()).toEqual({ units: [], isChanged: false });
});

test("forgets what a look did not ask for", () => {
  const memory = unitMemory(() => true);
  for (const [name, parsed] of units) memory.put(name, [STAMP], parsed);
  expect(memory.settle().units).toHaveLength(units.length);
  memory.get("u1@x.service", [STAMP]);
  expect(memory.settle().units.map(([unit]) => unit)).toEqual(["u1@x.service"]);
  expect(memory.get("u2@x.service", [STAMP])).toBeUndefined();
});
