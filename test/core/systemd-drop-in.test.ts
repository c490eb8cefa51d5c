// Whether our drop-in still says what the unit's other files say, and what install would write instead.
import { expect, test } from "vitest";
import { dropInText, isOurDropIn, isShareDropIn, isShimDropIn } from "../../src/core/systemd/drop-in.ts";
import { dropInFault, ownPreload, partsGiven } from "../../src/core/systemd/drop-in-wanted.ts";
import { entryOf } from "../../src/core/systemd/environment.ts";

const SHIM = "/usr/$LIB/portreserve/libportreserve.so";
const HIGH = "/usr/$LIB/portreserve/libportreserve-high.so";
const SHARE = "/usr/$LIB/portreserve/libportreserve-share.so";
const [MARKER] = dropInText({ preload: undefined, shim: SHIM }).split("\n");
const entry = (value: string) => entryOf(`LD_PRELOAD=${value}`);
const written = (value?: string): string =>
  dropInText({ preload: value === undefined ? undefined : entry(value), shim: SHIM });
const says = (value: string): string => `[Service]\nEnvironment="LD_PRELOAD=${value}"\n`;
const BRACED = "$\u007bLIB}";
const NOT_NAMED = { certain: true, reason: "its drop-in does not name the shim" };
const stale = (has: string, now: string) => ({
  certain: false,
  reason: `its drop-in preloads ${has} with the shim, and its unit now says ${now}`,
});

interface Case {
  readonly own?: string;
  readonly before?: string;
  readonly ours: string;
  readonly after?: string;
  readonly manager?: string;
}

function facts({ own = "[Service]\n", before, ours, after, manager }: Case) {
  const file = (path: string, text: string | undefined) => (text === undefined ? [] : [{ path, text }]);
  const files = [
    ...file("/lib/systemd/system/a.service", own),
    ...file("/etc/systemd/system/a.service.d/10.conf", before),
    ...file("/etc/systemd/system/a.service.d/50-portreserve.conf", ours),
    ...file("/etc/systemd/system/a.service.d/60.conf", after),
  ];
  const fromManager = () => (manager === undefined ? undefined : entry(manager));
  return { unit: "a.service", files, shim: SHIM, high: HIGH, share: SHARE, fromManager };
}

test.each<[string, Case, unknown]>([
  ["nothing, as before", { ours: written() }, undefined],
  ["the same library", { own: says("/a.so"), ours: written("/a.so") }, undefined],
  ["the same libraries, divided otherwise", { own: says("/a.so /b.so"), ours: written("/a.so:/b.so") }, undefined],
  ["another library", { own: says("/new.so"), ours: written("/old.so") }, stale("/old.so", "/new.so")],
  [
    "one more",
    { own: says("/a.so"), before: says("/a.so:/b.so"), ours: written("/a.so") },
    stale("/a.so", "/a.so:/b.so"),
  ],
  ["none any more", { ours: written("/old.so") }, stale("/old.so", "nothing")],
  ["one since then", { own: says("/new.so"), ours: written() }, stale("nothing", "/new.so")],
  [
    "others in another order",
    { own: says("/b.so:/a.so"), ours: written("/a.so:/b.so") },
    stale("/a.so:/b.so", "/b.so:/a.so"),
  ],
  ["the shim itself too", { own: says(`/a.so:${SHIM.replace("$LIB", BRACED)}`), ours: written("/a.so") }, undefined],
  ["nothing, but systemd gives all one", { ours: written("/all.so"), manager: "/all.so" }, undefined],
  ["nothing, and systemd gives all another", { ours: written("/all.so"), manager: "/b.so" }, stale("/all.so", "/b.so")],
  [
    "its own, whatever systemd gives to all",
    { own: says("/a.so"), ours: written("/a.so"), manager: "/b.so" },
    undefined,
  ],
  ["nothing, to a drop-in that was edited", { ours: `${MARKER}\n[Service]\nNice=1\n` }, NOT_NAMED],
  ["a library, to one that was emptied", { own: says("/a.so"), ours: `${MARKER}\n[Service]\n` }, NOT_NAMED],
  ["the shim itself, to one that was emptied", { own: says(SHIM), ours: `${MARKER}\n[Service]\n` }, undefined],
  ["a library, to one that was edited", { own: says("/a.so"), ours: `${MARKER}\n${says("/a.so")}` }, NOT_NAMED],
  [
    "nothing, to one where a library was put in front",
    { ours: `${MARKER}\n${says(`/old.so:${SHIM}`)}` },
    stale(`/old.so:${SHIM}`, "nothing"),
  ],
  // The last file decides, and is judged as such.
  ["what a later drop-in says", { ours: written("/old.so"), after: says(`${SHIM}:/new.so`) }, undefined],
])("knows whether the drop-in of a unit that says %s is up to date", (_, one, expected) => {
  expect(dropInFault(facts(one))).toEqual(expected);
  // What install writes is, with the shim and with high ports.
  for (const shim of [SHIM, HIGH]) {
    const ours = dropInText({ preload: ownPreload(facts(one)), shim });
    expect(dropInFault(facts({ ...one, ours }))).toBeUndefined();
  }
});

test("gives high ports by the library that stands in the shim's place, and says so", () => {
  const preload = entry(`${SHIM}:/a.so`);
  expect(
    dropInText({ preload: ownPreload(facts({ own: says(`${SHIM}:/a.so`), ours: "" })), shim: HIGH, isHigh: true }),
  ).toBe(`${MARKER}
# High ports: its first library gives ports that the kernel chooses, from 1024 up.
[Service]
Environment="LD_PRELOAD=${HIGH}:/a.so"
`);
  const stalled = { own: says("/new.so"), ours: dropInText({ preload: entry("/old.so"), shim: HIGH, isHigh: true }) };
  expect(dropInFault(facts(stalled))).toEqual(stale("/old.so", "/new.so"));
  expect(isShimDropIn(dropInText({ preload, shim: HIGH }))).toBe(true);
});

test("does not take a file of its name for ours", () => {
  expect(dropInFault(facts({ ours: says("/mine.so") }))).toBeUndefined();
});

test("gives the share library last, alone or beside the shim, and keeps the unit's own between them", () => {
  const preload = entry(`/a.so:${SHARE}:/b%.so`);
  const alone = dropInText({ preload, share: SHARE, ports: ["69/udp", "631/tcp"] });
  expect(alone).toBe(`# Written by 'portreservectl hold --share'; 'portreservectl unhold' removes it.
# Held ports: 69/udp 631/tcp
[Service]
Environment="LD_PRELOAD=/a.so:/b%%.so:${SHARE}"
`);
  const both = dropInText({ preload, shim: SHIM, share: SHARE, ports: ["69/udp"] });
  expect(both).toBe(`${MARKER}
# Its last library was added by 'portreservectl hold --share'; 'portreservectl unhold' takes it out.
# Held ports: 69/udp
[Service]
Environment="LD_PRELOAD=${SHIM}:/a.so:/b%%.so:${SHARE}"
`);
  const shim = dropInText({ preload: undefined, shim: SHIM });
  expect([alone, both, shim].map(isOurDropIn)).toEqual([true, true, true]);
  expect([alone, both, shim].map(isShimDropIn)).toEqual([false, true, true]);
  expect([alone, both, shim].map(isShareDropIn)).toEqual([true, false, false]);
});

const PLACE = "/etc/systemd/system/a.service.d/50-portreserve.conf";

test.each([
  ["no drop-in", undefined, undefined, undefined],
  ["somebody else's", says(`${SHIM}:${SHARE}`), undefined, undefined],
  ["the shim's", dropInText({ preload: undefined, shim: SHIM }), "shim", undefined],
  ["that of high ports", dropInText({ preload: entry("/a.so"), shim: HIGH, isHigh: true }), "high", undefined],
  [
    "that of high ports and the share library",
    dropInText({ preload: undefined, shim: HIGH, isHigh: true, share: SHARE, ports: ["69/udp"] }),
    "high",
    ["69/udp"],
  ],
  ["the share library's", dropInText({ preload: undefined, share: SHARE, ports: ["69/udp"] }), undefined, ["69/udp"]],
  [
    "that of both",
    dropInText({ preload: entry("/a.so"), shim: SHIM, share: SHARE, ports: ["111/tcp", "111/udp"] }),
    "shim",
    ["111/tcp", "111/udp"],
  ],
  ["the shim's, into which somebody has put the other", `${MARKER}\n${says(`${SHIM} ${SHARE}`)}`, "shim", []],
  [
    "the share library's, emptied and with nonsense",
    dropInText({ preload: undefined, share: SHARE, ports: ["x", "69", "69/udp", "1/2/tcp"] }).split("[")[0],
    undefined,
    ["69/udp"],
  ],
])("knows which libraries are given by %s, and for which ports", (_, text, shim, share) => {
  const file = text === undefined ? undefined : { path: PLACE, text };
  expect(partsGiven("a.service", file, { high: HIGH, share: SHARE })).toEqual({ shim, share });
});

test("the share library beside the shim, or without it, is no fault of a drop-in; what has changed since is", () => {
  const fresh = (preload: string | undefined, own: string): unknown => {
    const text = dropInText({ preload: preload === undefined ? undefined : entry(preload), shim: SHIM, share: SHARE });
    return dropInFault(facts({ own, ours: text }));
  };
  expect(fresh("/a.so", says("/a.so"))).toBeUndefined();
  expect(fresh(undefined, says(SHARE))).toBeUndefined();
  expect(fresh("/old.so", says("/new.so"))).toEqual(stale("/old.so", "/new.so"));
  expect(fresh("/old.so", "[Service]\n")).toEqual(stale("/old.so", "nothing"));
  const alone = facts({ own: says("/a.so"), ours: dropInText({ preload: entry("/a.so"), share: SHARE }) });
  expect(dropInFault(alone)).toBeUndefined();
  expect(ownPreload(alone)?.value).toBe("/a.so");
});
