// The screens of status as people have looked at them: three hosts on terminals of 80, 100 and 200 columns, and piped.
import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { figuresOf } from "../../src/commands/coverage/figures.ts";
import { statusBlocks } from "../../src/commands/status/text.ts";
import type { Allocator, Coverage, HostAnswer } from "../../src/coverage/coverage.ts";
import type { HostFacts } from "../../src/coverage/facts.ts";
import { cellWidth } from "../../src/report/escape.ts";
import { renderText } from "../../src/report/render.ts";
import { allocator, coverage, facts, holder, port, thief } from "../support/coverage-sample.ts";

const INSTALL = "portreservectl install";
const bad = (id: string, answer: string, hint?: string): HostAnswer => ({
  id,
  question: "",
  state: "bad",
  answer,
  hint,
});
const good = (id: string, answer: string, hint?: string): HostAnswer => ({ ...bad(id, answer, hint), state: "good" });
const BLACKLIST = [623, 631, 636, 655, 749, 774, 873, 921, 993, 995].flatMap((number) =>
  (["tcp", "udp"] as const).map((protocol) =>
    port(number, protocol, { owners: ["bindresvport.blacklist"], inTable: true }),
  ),
);
const both = ["bindresvport", "bindresvport_sa"];
const uncovered = { verdict: "not covered", reason: "not installed for it", hint: INSTALL } as const;
const running = { ...uncovered, reason: "started before the install" } as const;
const programs = (more: Partial<Allocator>): Allocator[] =>
  ["inetd", "mount.nfs", "rpc.gssd", "rpc.svcgssd", "rpc.yppasswdd", "rpc.ypxfrd", "sm-notify", "ypserv"].map((name) =>
    allocator(name, undefined, { via: both, ...more }),
  );

const none: Coverage = { ...coverage, hints: [], excluded: { otherNetworks: 0, powerless: 0 }, owners: 1 };
const { table: _, ...setup } = facts.setup;
const noTable = { state: "missing", tcp: [], udp: [], retired: false, readableByAll: false } as const;

const SCENES: Readonly<Record<string, { coverage: Coverage; facts: Pick<HostFacts, "setup" | "time"> }>> = {
  fresh: {
    facts: { time: facts.time, setup: { ...setup, table: noTable } },
    coverage: {
      ...none,
      answers: [bad("table", "there is none", INSTALL), bad("preload", "not installed", INSTALL)],
      allocators: [
        allocator("rpc.statd", 812, { ...uncovered, via: ["bindresvport"] }),
        allocator("rpcbind", 640, { ...uncovered, via: ["bindresvport", "bindresvport_sa", "rresvport"] }),
        ...programs(uncovered),
      ],
      ports: BLACKLIST.map((one) => ({ ...one, inTable: false })),
    },
  },
  healthy: {
    facts,
    coverage: {
      ...none,
      answers: [good("table", "generation 4"), good("preload", "into every program, by the preload list")],
      allocators: [
        allocator("rpc.statd", 812),
        allocator("rpcbind", 640, { via: ["bindresvport", "bindresvport_sa", "rresvport"] }),
        ...programs({}),
      ],
      ports: [
        port(631, "tcp", { state: "held", holders: [holder("cupsd", 1201)] }),
        port(631, "udp", { state: "held", holders: [holder("cups-browsed", 1205)] }),
        ...BLACKLIST.filter((one) => one.port !== 631),
      ],
      owners: 2,
      verdict: "covered",
    },
  },
  stolen: {
    facts,
    coverage: {
      ...none,
      answers: [
        good("table", "generation 4"),
        good("preload", "into every program, by the preload list"),
        good(
          "watchers",
          "the table follows only by hand or by cron: systemd does not run here",
          "portreservectl compile",
        ),
      ],
      allocators: [
        allocator("ypbind", 640, {
          ...running,
          via: ["bindresvport_sa", "rresvport", "rresvport_af"],
          hint: "systemctl restart ypbind.service",
        }),
        allocator("rpc.statd", 812, { ...running, hint: "systemctl restart rpc-statd.service" }),
        allocator("rpc.mountd", 815, { ...running, hint: "systemctl restart nfs-mountd.service" }),
        allocator("NFS client", undefined, {
          kind: "kernel",
          via: ["kernel, 665–1023"],
          verdict: "not covered",
          reason: "749 993 reserved in its range",
          hint: "mount with noresvport, or 'portreservectl mechanisms apply nfs-range'",
        }),
        allocator("3 processes", undefined, {
          kind: "unseen",
          count: 3,
          via: [],
          verdict: "unknown",
          reason: "permission denied",
          hint: "sudo portreservectl status",
        }),
        allocator("sshd", 900),
        allocator("sshd", 901),
        ...programs({}),
      ],
      ports: [
        port(631, "tcp", { state: "held", holders: [holder("cupsd", 1201)] }),
        port(631, "udp", { state: "stolen", holders: [holder("ypbind", 640, thief)] }),
        port(749, "tcp", { owners: ["kadmind"], inTable: false }),
        port(873, "tcp", { owners: ["rsync"] }),
        port(993, "tcp", {
          owners: ["mail"],
          state: "unknown",
          holders: [holder("permission denied", undefined, { verdict: "unknown" })],
        }),
      ],
      owners: 4,
      excluded: { otherNetworks: 1, powerless: 4 },
      hints: [
        {
          id: "stolen",
          message: "'ypbind' holds 631/udp, which is reserved for 'cups'",
          hint: "systemctl restart ypbind.service && systemctl restart cups-browsed.service",
        },
      ],
    },
  },
};

function screen(name: string, width: number | undefined, color = false): string {
  const scene = SCENES[name];
  if (scene === undefined) throw new Error(name);
  const body = statusBlocks({ ...scene, figures: figuresOf(scene.coverage), verbose: false });
  const report = { command: "status", outcome: "done", diagnostics: [], body, data: {} } as const;
  return renderText(report, { verbose: false, color: { out: color, err: false }, width }).out;
}

describe.each(Object.keys(SCENES))("a host that is %s", (name) => {
  test.each([80, 100, 200, undefined])("is shown at a width of %s as it was reviewed", async (width) => {
    await expect(screen(name, width)).toMatchFileSnapshot(`../golden/status/${name}-${width ?? "piped"}.txt`);
  });

  test.each([80, 100, 200])("has no line that is too wide at %s, in colour too", (width) => {
    const lines = screen(name, width).split("\n");
    expect(lines.filter((line) => cellWidth(line) > width)).toEqual([]);
    expect(stripVTControlCharacters(screen(name, width, true))).toBe(screen(name, width));
  });
});

test("without a terminal the same lines would be too wide: the folding is what makes them fit", () => {
  const widest = Math.max(...screen("stolen", undefined).split("\n").map(cellWidth));
  expect(widest).toBeGreaterThan(100);
});
