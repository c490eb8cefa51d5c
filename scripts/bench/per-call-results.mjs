// The section about one call: tables and goals out of the raw figures, and the words that say what was measured.
import { goal, nanoseconds, withSpread } from "./section.mjs";
import { ratio, summary } from "./statistics.mjs";

const NONE = "-";

function callRow({ id, name }, { found }) {
  const cell = found[id];
  const against = (peer) => (found[peer] === undefined ? NONE : withSpread(ratio(cell.median, found[peer].median)));
  const binds = cell.binds.length === 0 ? "?" : (cell.binds.reduce((a, b) => a + b) / cell.binds.length).toFixed(2);
  return [name, nanoseconds(summary(cell.median)), binds, against("bind"), against("glibc"), against("libtirpc")];
}

function callTable(one, present) {
  return {
    caption: `${one.name}, ${one.percent} % of 512-1023 occupied`,
    columns: ["implementation", "time, ns", "bind()s", "x bind()", "x glibc", "x libtirpc (Debian's blacklist)"],
    rows: present.filter(({ id }) => one.found[id] !== undefined).map((implementation) => callRow(implementation, one)),
  };
}

function firstCallTable(one, present) {
  const rows = present.map(({ id, name }) => [name, nanoseconds(summary(one.found[id].first))]);
  return {
    caption: `The first call of a process (${one.name}, ${one.percent} % occupied)`,
    columns: ["implementation", "time, ns"],
    rows,
  };
}

function goals(one) {
  const { shim, glibc, libtirpc } = one.found;
  const found = [];
  if (glibc) found.push(goal(`one call, ${one.name}, 0 %: shim to glibc`, ratio(shim.median, glibc.median), 1.25));
  if (libtirpc) {
    found.push(goal(`one call, ${one.name}, 0 %: shim to libtirpc`, ratio(shim.median, libtirpc.median), 0.8));
  }
  return found;
}

function notes({ reserved, rounds, timers, kind }) {
  const where = kind === "root" ? "as root" : "as root of a user namespace";
  return [
    `socket(), bindresvport(), close(), over and over in a fresh process on one processor; only the call is timed, and ` +
      `the cost of reading the clock (${summary(timers).median.toFixed(0)} ns) is taken off. 4000 calls a process (400 at 99 %), of ` +
      `which the median counts; ${rounds} rounds, in each one process of each implementation, another one first each ` +
      "time; then over the rounds the median and quartiles, of the times and of the ratios within a round. Timed in a " +
      `private network namespace with a private /etc, ${where}.`,
    "The shim is preloaded and called as bindresvport(); libtirpc is opened by the program and called directly. " +
      `The table reserves the ${reserved.size} ports that distributions shipped files for, Debian's bindresvport.blacklist ` +
      "included; libtirpc reads the blacklist once, in its first call.",
    "Occupied ports are held by real sockets of both protocols, evenly spaced: 508 of 512 stand for 99 %. In a round " +
      "all implementations have the same process id, so all begin at the same port. libtirpc begins there at every " +
      "call, glibc and the shim go on behind the port they took last, and the spacing makes that the same number of " +
      "busy ports to pass; only ports that the shim or libtirpc's blacklist leaves out change it. 'bind()s' is how " +
      "many bind() system calls one call made on average, counted in another run.",
    "'No address' is how RPC libraries call it: bindresvport(fd, NULL). libtirpc then asks the socket for its address " +
      "first; the shim asks only where the socket turns out not to be IPv4. 'Address given' is a zeroed address.",
  ];
}

/** All of the section but its name and what was skipped. */
export function report({ cases, present, ...facts }) {
  return {
    notes: notes(facts),
    tables: [...cases.map((one) => callTable(one, present)), firstCallTable(cases[0], present)],
    goals: cases.filter((one) => one.goals).flatMap(goals),
    data: cases.map(({ name, percent, found }) => ({
      name,
      percent,
      nanoseconds: Object.fromEntries(
        Object.entries(found).map(([id, { first, median, binds }]) => [
          id,
          {
            call: summary(median),
            firstCall: summary(first),
            binds: binds.length === 0 ? null : summary(binds).median,
          },
        ]),
      ),
    })),
  };
}
