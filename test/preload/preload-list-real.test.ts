// What the preload list's reader and editor say of a list is what this machine's ld.so makes of it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { listText, loadedNames } from "../../src/core/preload-list/loaded.ts";
import { withEntry } from "../../src/core/preload-list/with-entry.ts";
import { withoutEntry } from "../../src/core/preload-list/without-entry.ts";
import { ENTRY, PECULIAR, printableList } from "../core/preload-list-lists.ts";
import { named } from "../support/can.ts";
import { built, noSandbox, play } from "../support/sandbox.ts";

const reason = await noSandbox();

/** For each list, the names for which ld.so says that it cannot load them; none of them exists. */
async function namesTried(lists: readonly Uint8Array[]): Promise<string[][]> {
  // cp itself is started with the list before, and says so too.
  const script = `for n in $(seq 0 ${lists.length - 1}); do
    cp /etc/lists/$n /etc/ld.so.preload 2>/dev/null
    echo "list $n"
    /bin/true 2>&1
  done`;
  const etc = Object.fromEntries(lists.map((list, n) => [`lists/${n}`, list]));
  const { stdout } = await play(script, { cover: "nothing", etc, timeout: 60_000 });
  const tried: string[][] = [];
  for (const line of stdout.trimEnd().split("\n")) {
    if (line === `list ${tried.length}`) tried.push([]);
    else tried.at(-1)?.push(/^ERROR: ld\.so: object '(.*)' from [^ ]* cannot be preloaded \(/s.exec(line)?.[1] ?? line);
  }
  return tried;
}

async function expectAgreement(lists: readonly Uint8Array[]): Promise<void> {
  const tried = await namesTried(lists);
  expect(tried.length).toBe(lists.length);
  const wrong = lists
    .map((list, n) => ({ list: listText(list), read: loadedNames(list), tried: tried[n] }))
    .filter((result) => JSON.stringify(result.read) !== JSON.stringify(result.tried));
  expect(wrong).toEqual([]);
}

const random = fc
  .sample(printableList, { seed: 20_211, numRuns: 500 })
  .map((text) => new Uint8Array(Buffer.from(text, "latin1")));

describe.skipIf(reason !== undefined)(named("the preload list and the real ld.so", reason), () => {
  it("is read by ld.so as the reader's own test has it, where ld.so is peculiar", async () => {
    const lists = PECULIAR.map(([list]) => new Uint8Array(Buffer.from(list, "latin1")));
    expect(await namesTried(lists)).toEqual(PECULIAR.map(([, names]) => names));
  });

  it("is read alike in 500 random cases, comments read as names and bytes behind a NUL among them", async () => {
    expect(random.filter((list) => loadedNames(list).some((name) => name.includes("#"))).length).toBeGreaterThan(50);
    expect(random.filter((list) => list.includes(0)).length).toBeGreaterThan(50);
    await expectAgreement(random);
  });

  it("is read alike with our entry added and taken away", async () => {
    const withOurs = random.flatMap((list) => {
      const placement = withEntry(list, ENTRY);
      return placement.outcome === "placed" ? [placement.bytes] : [];
    });
    expect(withOurs.length).toBeGreaterThan(450);
    await expectAgreement(withOurs);
    await expectAgreement(random.flatMap((list) => withoutEntry(list, ENTRY) ?? []));
  });

  it.each(["#a\n#b\n#c\n", "# a\n/none/b # c\n\0\0\0", "", "/none/a"])(
    "covers a program through an entry added to %j, and no more once it is taken away",
    async (list) => {
      const placement = withEntry(Buffer.from(list), built.shim);
      if (placement.outcome !== "placed") throw new Error("no place");
      const steps = {
        without: Buffer.from(list),
        with: placement.bytes,
        after: withoutEntry(placement.bytes, built.shim) ?? "",
      };
      const script = `for step in without with after; do
        cp /etc/$step /etc/ld.so.preload 2>/dev/null
        echo "$step $(thief "$PROBE" --symbol bindresvport 2>/dev/null)"
      done`;
      const { stdout } = await play(script, { cover: "nothing", etc: steps });
      expect(stdout).toBe('without {"port":631}\nwith {"port":632}\nafter {"port":631}\n');
    },
  );
});
