// What a bind() to a port of the program's own choice costs: with the shim, which leaves it alone, and with libauthbind,
// which lets an ordinary user do it by starting a helper.
import { preloads } from "./libraries.mjs";
import { inNetwork, network, where } from "./network.mjs";
import { freeStarts } from "./ports.mjs";
import { distributionTable } from "./reservations.mjs";
import { emptySection, nanoseconds, withSpread } from "./section.mjs";
import { ratio, summary } from "./statistics.mjs";

const USER = 65534;

/** `calls`: in one process; starting a helper takes a thousand times as long. */
function cases(found) {
  const authbind = found.find(({ id }) => id === "authbind");
  return [
    { id: "root", name: "as root", preload: "", user: 0, calls: 2000 },
    { id: "root-authbind", name: "as root, libauthbind preloaded", preload: authbind?.preload, user: 0, calls: 2000 },
    {
      id: "user-authbind",
      name: "as an ordinary user, libauthbind preloaded",
      preload: authbind?.preload,
      user: USER,
      calls: 40,
    },
  ].filter(({ preload }) => preload !== undefined);
}

function line({ id, preload, user, calls }, port) {
  const become = user === 0 ? "" : `setpriv --reuid ${user} --regid ${user} --clear-groups `;
  const command = `${become}env LD_PRELOAD=${preload && "$SCRATCH/preload.so"} "$SCRATCH/per-call" bind udp 4 null ${calls} ${port}`;
  return `result=$(${command}); echo "${id} $result"`;
}

export async function chosenPort({ quick }) {
  const { found, skipped } = preloads();
  const section = emptySection("chosen-port", "bind() to a chosen port", skipped);
  const { kind, reason } = await network();
  if (reason !== undefined) return { ...section, skipped: [...skipped, reason] };
  // A user namespace of one user has nobody else, and no setuid program works in it.
  const all = cases(found).filter(({ user }) => user === 0 || kind === "root");
  if (kind !== "root") section.skipped.push("authbind as an ordinary user: it needs root to begin with");
  const rounds = quick ? 5 : 21;
  const { table, reserved } = distributionTable();
  const port = freeStarts(reserved.either).free[0];
  const script = Array.from({ length: rounds }, (_, round) =>
    all.map((_, turn) => line(all[(round + turn) % all.length], port)),
  ).flat();
  const permit = `chown ${USER} "/etc/authbind/byport/!${port}"; chmod 500 "/etc/authbind/byport/!${port}"`;
  const preloaded = all
    .filter(({ preload }) => preload !== "")
    .map(({ preload }) => `cp "${preload}" "$SCRATCH/preload.so"`);
  const lines = await inNetwork({
    kind,
    table,
    etc: { [`authbind/byport/!${port}`]: "" },
    // The checkout may lie where another user cannot enter.
    script: ['cp "$PER_CALL" "$SCRATCH/per-call"', ...preloaded, ...(kind === "root" ? [permit] : []), ...script].join(
      "\n",
    ),
  });
  const times = Object.fromEntries(all.map(({ id }) => [id, []]));
  for (const [id, , median] of lines) times[id].push(Number(median));
  return {
    ...section,
    notes: [
      "A service that knows its port binds to it; the shim does not export bind(), so that its way there is libc's own, as in the " +
        "first row. libauthbind wraps bind(): for root it asks who is calling and passes on, and for an " +
        "ordinary user whom a file in /etc/authbind allows the port it starts a setuid helper for each call. UDP, " +
        `median of a process, then over ${rounds} rounds in turn, ${where(kind)}.`,
    ],
    tables: [
      {
        columns: ["bind()", "time, ns", "x as root"],
        rows: all.map(({ id, name }) => [
          name,
          nanoseconds(summary(times[id])),
          withSpread(ratio(times[id], times.root)),
        ]),
      },
    ],
    data: all.map(({ id, name }) => ({ name, nanoseconds: summary(times[id]) })),
  };
}
