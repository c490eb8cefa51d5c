// What a hold costs: an owner's bind() and listen() beside it, the holder's memory and wake-ups, and its start with 500 ports.
import { holdText } from "../../dist/core/hold/hold-text.js";
import { inNetwork, network, where } from "./network.mjs";
import { built, programs } from "./programs.mjs";
import { distributionTable } from "./reservations.mjs";
import { emptySection, exactly, figure, goal, nanoseconds, withSpread } from "./section.mjs";
import { ratio, summary } from "./statistics.mjs";

const HELD = 749;
const FREE = 750;
const MANY = 500;

const SCRIPT = `
"$HOLDER" --file /etc/hold.one --state "$SCRATCH/one.json" &
holder=$!
until [ -s "$SCRATCH/one.json" ]; do sleep 0.01; done
grep -q '"port":${HELD},"protocol":"tcp","kind":"hold","ipv4":"held"' "$SCRATCH/one.json"
for protocol in tcp udp; do
  for round in $(seq "$ROUNDS"); do echo "serve-$protocol $("$SERVE" "$protocol" "$CALLS" ${HELD} ${FREE})"; done
done
kill $holder
wait $holder || :
"$HOLDER" --file /etc/hold.many --state "$SCRATCH/many.json" &
holder=$!
until [ -s "$SCRATCH/many.json" ]; do sleep 0.01; done
[ "$(grep -c '"ipv4":"held"' "$SCRATCH/many.json")" = ${MANY} ]
switches() { sed -n 's/^[a-z]*voluntary_ctxt_switches:[^0-9]*//p' "/proc/$holder/status" | paste -sd+ - | sed 's/^/echo $((/; s/$/))/' | sh; }
before=$(switches)
sleep "$IDLE"
echo "wakeups $(($(switches) - before))"
echo "resident $(sed -n 's/^VmRSS:[^0-9]*\\([0-9]*\\) kB/\\1/p' "/proc/$holder/status")"
kill $holder
wait $holder || :
"$READY" "$SCRATCH/notify" "$STARTS" -- "$HOLDER" --file /etc/hold.many --state "$SCRATCH/many.json" \\
  -- "$HOLDER" --file /etc/hold.none --state "$SCRATCH/none.json" | sed 's/^/start-/'
`;

function rowsFor(count) {
  return Array.from({ length: count }, (_, at) => ({ kind: "hold", protocol: "tcp", port: 512 + at }));
}

export async function hold({ quick }) {
  const section = emptySection("hold", "A hold");
  const { kind, reason } = await network();
  if (reason !== undefined) return { ...section, skipped: [reason] };
  const idle = quick ? 5 : 60;
  const calls = quick ? 500 : 4000;
  const lines = await inNetwork({
    kind,
    script: SCRIPT,
    table: distributionTable().table,
    etc: {
      "hold.one": holdText(["tcp", "udp"].map((protocol) => ({ kind: "hold", protocol, port: HELD }))),
      "hold.many": holdText(rowsFor(MANY)),
      "hold.none": holdText([]),
    },
    environment: {
      HOLDER: built.holder,
      SERVE: programs.serve,
      READY: programs.ready,
      ROUNDS: String(quick ? 5 : 41),
      CALLS: String(calls),
      IDLE: String(idle),
      STARTS: String(quick ? 10 : 101),
    },
  });
  return { ...section, ...report(lines, { kind, idle, calls }) };
}

function report(lines, { kind, idle, calls }) {
  const of = (name) => lines.filter(([label]) => label === name).map((line) => line.slice(1).map(Number));
  const protocols = ["tcp", "udp"].map((protocol) => {
    const rounds = of(`serve-${protocol}`);
    const [held, free] = [0, 1].map((at) => rounds.map((round) => round[at]));
    return { protocol, held: summary(held), free: summary(free), ratio: ratio(held, free) };
  });
  const starts = ["start-0", "start-1"].map((name) => of(name).map(([ns]) => ns / 1e6));
  const beyond = summary(starts[0].map((ms, round) => ms - starts[1][round]));
  const wakeups = (of("wakeups")[0][0] * 60) / idle;
  const resident = of("resident")[0][0];
  return {
    notes: [
      `A private network, ${where(kind)}. An owner that sets SO_REUSEADDR binds a port that is held and one that is not in ` +
        `turn, ${calls} times in a process on one processor; the median of each process counts. For TCP the time is that of bind() and listen().`,
      `The holder of ${MANY} ports of TCP, two sockets each: its resident set; its context switches while nothing happens for ` +
        `${idle} s; and its start, from posix_spawn() until it says READY=1, beside a start with nothing to hold.`,
    ],
    tables: [
      {
        caption: "An owner's port",
        columns: ["protocol", "held, ns", "not held, ns", "x not held"],
        rows: protocols.map((one) => [
          one.protocol,
          nanoseconds(one.held),
          nanoseconds(one.free),
          withSpread(one.ratio),
        ]),
      },
      {
        caption: `A holder of ${MANY} ports`,
        columns: ["what", "found"],
        rows: [
          ["resident, KiB", `${resident}`],
          ["wake-ups a minute", `${wakeups}`],
          ["start, ms", figure(summary(starts[0]), 2)],
          ["start with none, ms", figure(summary(starts[1]), 2)],
        ],
      },
    ],
    goals: [
      ...protocols.map((one) =>
        goal(
          `an owner's ${one.protocol === "tcp" ? "bind() and listen()" : "bind() of UDP"}: held to not held`,
          one.ratio,
          1.05,
        ),
      ),
      goal("memory of the holder", exactly(resident), 1024, "KiB"),
      goal("wake-ups of the holder in a minute", exactly(wakeups), 0, ""),
      goal(`start of the holder: ${MANY} ports beyond none`, beyond, 10, "ms"),
    ],
    data: [{ protocols, residentKibibytes: resident, wakeups, startMilliseconds: starts.map(summary), beyond }],
  };
}
