// The verdicts on facts that were recorded on a real host: Debian 12, rpc.statd started before install and ypserv after,
// a table that has gone stale, and a vxlan device on a reserved port; as root, and as an ordinary user.
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { assess } from "../../src/coverage/assess.ts";
import type { HostFacts } from "../../src/coverage/facts.ts";

function recorded(name: string): HostFacts {
  return JSON.parse(readFileSync(path.join(import.meta.dirname, "recorded", `${name}.json`), "utf8")) as HostFacts;
}

function told(facts: HostFacts): { readonly [part: string]: readonly string[] | string } {
  const { verdict, answers, allocators, ports } = assess(facts);
  return {
    verdict,
    answers: answers.flatMap(({ id, state, answer }) => (state === "good" ? [] : [`${id} ${state}: ${answer}`])),
    allocators: allocators.map((it) => `${it.kind} ${it.name} ${it.verdict}: ${it.reason ?? ""}`),
    ports: ports
      .filter(({ reserved }) => reserved)
      .map(({ port, protocol, state, holders }) => {
        return `${port}/${protocol} ${state} ${holders.map(({ verdict: held, name }) => `${held} ${name}`).join()}`;
      }),
  };
}

const PROGRAMS = ["mount.nfs", "rpc.statd", "rpcbind", "ypbind", "ypserv"].map(
  (name) => `program ${name} covered: when it starts`,
);
const NEGLECTED = {
  verdict: "not covered",
  answers: [
    "fresh bad: the configuration has changed since it was compiled",
    "watchers bad: portreserve.path is not loaded, portreserve-services.path is not loaded and portreserve-blacklist.path is not loaded",
  ],
};

test("tells root all of it", () => {
  expect(told(recorded("debian-12-root"))).toEqual({
    ...NEGLECTED,
    allocators: ["process rpc.statd not covered: started before the install", "process ypserv covered: ", ...PROGRAMS],
    ports: [
      "631/tcp free ",
      "631/udp stolen stolen kernel",
      "700/tcp free ",
      "700/udp free ",
      "834/tcp held owner ypserv",
      "834/udp held owner ypserv",
    ],
  });
});

test("calls unknown what an ordinary user cannot see", () => {
  const unseen = "unknown unknown 4 processes of other users could not be looked into";
  expect(told(recorded("debian-12-nobody"))).toEqual({
    ...NEGLECTED,
    allocators: ["unseen 3 processes unknown: only root may look into it", ...PROGRAMS],
    ports: [
      "631/tcp free ",
      `631/udp ${unseen}`,
      "700/tcp free ",
      "700/udp free ",
      `834/tcp ${unseen}`,
      `834/udp ${unseen}`,
    ],
  });
});

test("believes no holder whom it cannot see, and so no theft by the kernel where there may be hidden processes", () => {
  const facts = recorded("debian-12-root");
  const hidden = { ...facts, kernel: { ...facts.kernel, seesEveryProcess: false } };
  const state = (of: HostFacts): unknown =>
    assess(of).ports.find(({ port, protocol }) => port === 631 && protocol === "udp")?.state;
  expect([state(facts), state(hidden)]).toEqual(["stolen", "unknown"]);
});
