// The section about one call: tables and goals out of the raw figures, and the words that say what was measured.
import { where } from "./network.mjs";
import { goal, nanoseconds, withSpread } from "./section.mjs";
import { ratio, summary } from "./statistics.mjs";

const NONE = "-";

function callRow({ id, name }, { found }) {
  const cell = found[id];
  const against = (peer) => (found[peer] === undefined ? NONE : withSpread(ratio(cell.median, found[peer].median)));
  const binds = cell.binds === undefined ? "?" : cell.binds.toFixed(2);
  return [name, nanoseconds(summary(cell.median)), binds, against("bind"), against("glibc"), against("libtirpc")];
}

function callTable(one, present) {
  return {
    caption: one.name,
    columns: ["implementation", "time, ns", "bind()s", "x bind()", "x glibc", "x libtirpc (Debian's blacklist)"],
    rows: present.filter(({ id }) => one.found[id] !== undefined).map((implementation) => callRow(implementation, one)),
  };
}

function firstCallTable(one, present) {
  const rows = present.map(({ id, name }) => [name, nanoseconds(summary(one.found[id].first))]);
  return { caption: `The first call of a process (${one.name})`, columns: ["implementation", "time, ns"], rows };
}

function goals(one) {
  const { shim, glibc, libtirpc } = one.found;
  const found = [];
  const name = `one call, ${one.name}, first candidate free`;
  if (glibc) found.push(goal(`${name}: shim to glibc`, ratio(shim.median, glibc.median), 1.07));
  if (libtirpc) found.push(goal(`${name}: shim to libtirpc`, ratio(shim.median, libtirpc.median), 0.6));
  return found;
}

/** Where the shim has the most to do beside libtirpc: IPv6 with an address, and the call that reads the table. */
function hardGoals(cases) {
  const [first] = cases;
  const ipv6 = cases.find(({ name }) => name === "UDP over IPv6, address given");
  const beside = (one, of, what) => {
    const { shim, libtirpc } = one?.found ?? {};
    return shim && libtirpc ? [goal(`${what}: shim to libtirpc`, ratio(shim[of], libtirpc[of]), 1)] : [];
  };
  return [
    ...beside(ipv6, "median", "one call, UDP over IPv6, address given"),
    ...beside(first, "first", "the first call of a process"),
  ];
}

function notes({ reserved, rounds, calls, timers, kind }) {
  return [
    "The first candidate is free: no port is held. socket(), bindresvport(), close(), over and over in a fresh process " +
      "on one processor; only the call is timed, and " +
      `the cost of reading the clock (${summary(timers).median.toFixed(0)} ns) is taken off. ${calls} calls a process, of ` +
      `which the median counts; ${rounds} rounds, in each one process of each implementation, another one first each ` +
      "time; then over the rounds the median and quartiles, of the times and of the ratios within a round. Timed in a " +
      `private network namespace with a private /etc, ${where(kind)}.`,
    "The shim is preloaded and called as bindresvport(); libtirpc and ntirpc are opened by the program and called directly. " +
      `The table reserves the ${reserved.size} ports that distributions shipped files for, Debian's bindresvport.blacklist ` +
      "included; libtirpc reads the blacklist once, in its first call, and ntirpc has none. 'bind()s' is how many bind() " +
      "system calls one call made on average, counted in another run.",
    "glibc's function beside a preloaded library is there to show what a preload costs that does nothing about these " +
      "calls: nothing, for glibc's function calls its own bind() inside libc, where libauthbind's is not seen.",
    "'No address' is how RPC libraries call it: bindresvport(fd, NULL). libtirpc and ntirpc then ask the socket for its " +
      "address first; the shim asks only where the socket turns out not to be IPv4. 'Address given' is a zeroed address.",
  ];
}

/** Middle ratio of two implementations in a case, or undefined where one of them is not here. */
function between(cases, name, over, under) {
  const { found } = cases.find((one) => one.name === name);
  return found[over] && found[under] ? ratio(found[over].median, found[under].median).median : undefined;
}

/** Why the shim does not come out ahead by as much, or at all, in the cases without a goal. */
function explanations(cases) {
  const bare = between(cases, "UDP, address given", "bind", "libtirpc");
  const guessed = between(cases, "UDP over IPv6, no address", "shim", "libtirpc");
  const given = between(cases, "UDP over IPv6, address given", "shim", "libtirpc");
  if (bare === undefined || guessed === undefined || given === undefined) return [];
  return [
    `With an address given libtirpc has nothing to ask: even a bare bind() takes ${bare.toFixed(2)} of its time, so that ` +
      "no allocator that binds can be far below.",
    `Over IPv6 without an address the shim takes ${guessed.toFixed(2)} of libtirpc's time, for two reasons. It takes the ` +
      "socket for IPv4 first, and the bind() that the kernel refuses then (EINVAL) is one of the two in its row; libtirpc asks " +
      "the socket at once. And the mark in the table's page proves a reservation within bind() itself for AF_INET only; " +
      "for AF_INET6 it takes one more system call, a futex() that the kernel refuses. With an address given the first reason falls away, and " +
      `${given.toFixed(2)} of libtirpc's time is left. glibc's function does not know IPv6 at all.`,
  ];
}

/** All of the section but its name and what was skipped. */
export function report({ cases, present, ...facts }) {
  return {
    notes: [...notes(facts), ...explanations(cases)],
    tables: [...cases.map((one) => callTable(one, present)), firstCallTable(cases[0], present)],
    goals: [...cases.filter((one) => one.goals).flatMap(goals), ...hardGoals(cases)],
    data: cases.map(({ name, found }) => ({
      name,
      nanoseconds: Object.fromEntries(
        Object.entries(found).map(([id, { first, median, binds }]) => [
          id,
          { call: summary(median), firstCall: summary(first), binds: binds ?? null },
        ]),
      ),
    })),
  };
}
