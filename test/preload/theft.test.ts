// The theft and its prevention with the probe as the thief; works as root and as any user who may make user namespaces.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { COVERS, type Cover, noSandbox, play } from "../support/sandbox.ts";

const reason = await noSandbox();
const protocols = ["tcp", "udp"] as const;

/** Ways to ask for a privileged port that try 631 first, each with the port that follows when 631 is reserved. */
const allocators = [
  { name: "bindresvport", ask: "--symbol bindresvport", family: "inet", instead: 632, protocols },
  {
    name: "bindresvport without an address",
    ask: "--symbol bindresvport --address null",
    family: "inet",
    instead: 632,
    protocols,
  },
  {
    name: "rresvport_af from 631 down",
    ask: "--symbol rresvport_af --port 631",
    family: "inet",
    instead: 630,
    protocols: ["tcp"],
  },
  {
    name: "rresvport_af from 631 down, IPv6",
    ask: "--symbol rresvport_af --port 631",
    family: "inet6",
    instead: 630,
    protocols: ["tcp"],
  },
  { name: "rresvport", ask: "--symbol rresvport --port 631", family: "inet", instead: 630, protocols: ["tcp"] },
] as const;

interface Case {
  readonly name: string;
  readonly ask: string;
  readonly family: "inet" | "inet6";
  readonly protocol: "tcp" | "udp";
  readonly instead: number;
}

const cases: Case[] = allocators.flatMap((allocator) =>
  allocator.protocols.map((protocol) => ({ ...allocator, protocol })),
);

/** What the thief said, and what the owner of 631 got while the thief held on to its port. */
async function theft({ ask, family, protocol }: Case, cover: Cover): Promise<string[]> {
  const { stdout } = await play(
    `thief "$PROBE" ${ask} --family ${family} --protocol ${protocol} --hold > "$SCRATCH/thief" &
until_works test -s "$SCRATCH/thief"
cat "$SCRATCH/thief"
"$PROBE" --symbol bind --port 631 --family ${family} --protocol ${protocol}
`,
    { cover },
  );
  return stdout.trimEnd().split("\n");
}

describe.skipIf(reason !== undefined)(named("a theft", reason), () => {
  describe.each(cases)("through $name, $protocol", (it) => {
    test("happens without the shim, and the owner is refused", async () => {
      expect(await theft(it, "nothing")).toEqual(['{"port":631}', '{"error":"EADDRINUSE"}']);
    });

    test.each(COVERS)("does not happen with the shim through %s, and the owner gets its port", async (cover) => {
      expect(await theft(it, cover)).toEqual([`{"port":${it.instead}}`, '{"port":631}']);
    });
  });

  test("does not happen to any reserved port, however many the thief takes", async () => {
    const reserved = [512, 599, 600, 631, 783, 1023];
    const take = 'thief "$PROBE" --symbol bindresvport --exhaust';
    const ports = (text: string): number[] => [...text.matchAll(/"port":(\d+)/g)].map((row) => Number(row[1]));
    const all = Array.from({ length: 512 }, (_, index) => 512 + index);
    const sorted = (list: number[]): number[] => list.sort((a, b) => a - b);

    const control = ports((await play(take, { cover: "nothing", reserved })).stdout);
    expect(sorted(control)).toEqual(all);
    const covered = ports((await play(take, { cover: "preload list", reserved })).stdout);
    expect(sorted(covered)).toEqual(all.filter((port) => !reserved.includes(port)));
  });

  test("happens again when the table is gone, so it was the table that prevented it", async () => {
    const script = `thief "$PROBE" --symbol bindresvport\nrm /etc/portreserve.table\nthief "$PROBE" --symbol bindresvport\n`;
    const { stdout } = await play(script, { cover: "preload list" });
    expect(stdout).toBe('{"port":632}\n{"port":631}\n');
  });
});
