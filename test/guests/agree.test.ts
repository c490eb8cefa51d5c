// What status, list, lookup, map and verify say of a guest is what ss, /proc and the bytes of the table say.
import { describe, expect, test } from "vitest";
import { METRICS_FILE } from "../../src/system/paths.ts";
import { named } from "../support/can.ts";
import type { Guest } from "../support/guest/guest.ts";
import type { Engine } from "../support/guest/keeper.ts";
import { quiet, tablePorts } from "../systemd/fresh.ts";
import { holdersIn, lookAtProc, type PortRow, pictureOf, type Status, type View } from "./support/agree-views.ts";
import { note } from "./support/evidence.ts";
import { bootRelease, NATIVE, releases } from "./support/releases.ts";
import { LAB, RESERVED } from "./support/services-lab.ts";

/** Milliseconds: for what takes seconds on a busy machine. */
const PATIENT = { timeout: 120_000 };
const ENGINE: Readonly<Record<string, Engine>> = { bookworm: "nspawn", trixie: "unshare" };

/** Programs that are hard to judge, each with a port of its own: setuid, without the table, with another /etc. */
const taking = (port: number, program: string): string =>
  `ExecStart=${NATIVE}/portreserve-pidexec --pid ${50 * 424 + port - 600} -- ${program} --symbol bindresvport --protocol udp --hold`;
const HARD: Readonly<Record<string, string>> = {
  setuid: `ExecStartPre=install -m 4755 ${NATIVE}/portreserve-probe /usr/local/bin/setuid-probe
${taking(900, "setpriv --reuid nobody --clear-groups /usr/local/bin/setuid-probe")}`,
  blind: `${taking(910, `${NATIVE}/portreserve-probe`)}\nInaccessiblePaths=-/etc/portreserve.table`,
  apart: `${taking(920, `${NATIVE}/portreserve-probe`)}\nTemporaryFileSystem=/etc`,
};
const unitFile = (name: string): string => `/etc/systemd/system/${name}.service`;
const HARD_FILES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.entries(HARD).map(([name, text]) => [unitFile(name), `[Service]\nType=exec\n${text}\n`]),
  ),
  "/etc/systemd/system/multi-user.target.d/hard.conf": `[Unit]\nWants=${Object.keys(HARD)
    .map((name) => `${name}.service`)
    .join(" ")}\n`,
};

/** Answers of the manager, with what the kernel said before and after: the guest was the same all the time. */
async function bothViews(
  guest: Guest,
): Promise<{ readonly view: View; readonly status: Status; readonly map: string }> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const view = await lookAtProc(guest);
    const status: Status = JSON.parse(await guest.output("portreservectl status --json", PATIENT));
    const map = await guest.output("portreservectl map --json", PATIENT);
    if (JSON.stringify(await lookAtProc(guest)) === JSON.stringify(view)) return { view, status, map };
  }
  throw new Error("something in the guest changes all the time");
}

const running = ({ allocators }: Status) => allocators.filter(({ kind }) => kind === "process");

/** All that must hold at any moment. Returns the two views. */
async function agreed(guest: Guest): Promise<{ readonly view: View; readonly status: Status }> {
  const { view, status, map } = await bothViews(guest);
  expect(holdersIn(status.ports)).toEqual(view.holders);
  expect(
    running(status)
      .map(({ pid }) => pid)
      .sort(),
  ).toEqual(view.allocating.map(({ pid }) => pid).sort());
  expect(status.excluded.powerless).toBe(view.powerless);
  const covered = view.allocating.filter(
    ({ shim, sameTable, filtered }) =>
      sameTable && !filtered && shim !== undefined && status.libraries.some(({ path }) => path === shim),
  );
  expect(
    running(status)
      .flatMap(({ pid, verdict }) => (verdict === "covered" ? [pid] : []))
      .sort(),
  ).toEqual(covered.map(({ pid }) => pid).sort());

  const drawn = JSON.parse(map);
  expect(drawn.tcp).toBe(pictureOf(status.ports, "tcp"));
  expect(drawn.udp).toBe(pictureOf(status.ports, "udp"));
  expect(JSON.stringify(drawn.ports)).toBe(JSON.stringify(status.ports.filter(({ port }) => port >= 512)));

  const { reservations } = JSON.parse(await guest.output("portreservectl list --json || [ $? = 1 ]", PATIENT));
  const rows = new Map<string, { owners: string[]; inTable: boolean }>();
  for (const { port, protocol, owner, inTable } of reservations) {
    const row = rows.get(`${port}/${protocol}`) ?? { owners: [], inTable };
    rows.set(`${port}/${protocol}`, { ...row, owners: [...new Set([...row.owners, owner])].sort() });
  }
  expect(
    status.ports.flatMap((row) =>
      row.reserved ? [[nameOf(row), { owners: row.owners.toSorted(), inTable: row.inTable }]] : [],
    ),
  ).toEqual([...rows]);
  // Stolen in the eyes of one, stolen in the eyes of another.
  const found = JSON.parse(await guest.output("portreservectl lookup 749/tcp --json || [ $? = 1 ]", PATIENT));
  expect(holdersIn(found.ports)).toEqual(holdersIn(status.ports.filter((row) => nameOf(row) === "749/tcp")));
  return { view, status };
}

/** Whether all is covered in the eyes of the unit that writes metrics, with a setting of systemd.exec(5). */
const metrics = (guest: Guest, setting: string): Promise<string> =>
  guest.output(
    `mkdir -p "$(dirname ${METRICS_FILE})" /run/systemd/system/portreserve-metrics.service.d
printf '[Service]\\n%s\\n' '${setting}' >/run/systemd/system/portreserve-metrics.service.d/more.conf
systemctl daemon-reload && systemctl start portreserve-metrics.service && grep ^portreserve_covered ${METRICS_FILE}`,
    PATIENT,
  );

const nameOf = ({ port, protocol }: PortRow): string => `${port}/${protocol}`;

describe.each(await releases())("$suite", ({ suite, reason }) => {
  describe.skipIf(reason !== undefined)(named("what the manager says", reason), () => {
    test("is what ss and /proc say: before install, after it, and after a reboot", async () => {
      const engine = ENGINE[suite] ?? "nspawn";
      const owners = Object.entries(RESERVED).map(([name, text]) => [`/etc/portreserve/${name}`, text]);
      const guest = await bootRelease(suite, {
        engine,
        files: { ...LAB, ...HARD_FILES, ...Object.fromEntries(owners) },
      });
      try {
        const before = await agreed(guest);
        // There is something to agree on.
        expect(before.view.allocating.map(({ program }) => program).sort()).toEqual(
          expect.arrayContaining(["/usr/sbin/rpc.ypxfrd", "/usr/sbin/ypbind", "/usr/sbin/ypserv"]),
        );
        expect(before.view.holders.filter((line) => line.startsWith("749/tcp"))).toEqual([
          expect.stringMatching(/^749\/tcp 0\.0\.0\.0 listening ypserv \d+$/),
        ]);
        expect(before.status.ports.find((row) => nameOf(row) === "749/tcp")?.state).toBe("stolen");
        expect(before.status.ports.some(({ inTable }) => inTable)).toBe(false);
        expect(running(before.status).map(({ verdict }) => verdict)).not.toContain("covered");
        expect(await guest.run("portreservectl verify --quick", PATIENT)).toMatchObject({ status: 1 });

        expect(await guest.run("portreservectl install", PATIENT)).toMatchObject({ status: 0 });
        await quiet(guest);
        const after = await agreed(guest);
        expect(running(after.status).map(({ verdict }) => verdict)).not.toContain("covered");
        // What runs goes on as it is, and says so.
        expect(after.view.allocating.map(({ pid, shim }) => ({ pid, shim }))).toEqual(
          before.view.allocating.map(({ pid }) => ({ pid, shim: undefined })),
        );
        expect(
          after.status.ports.filter(({ protocol, inTable }) => protocol === "tcp" && inTable).map(({ port }) => port),
        ).toEqual(await tablePorts(guest));
        expect(await guest.run("portreservectl verify --quick", PATIENT)).toMatchObject({ status: 1 });

        await guest.reboot();
        await quiet(guest);
        const last = await agreed(guest);
        expect(last.view.allocating.map(({ program }) => program).sort()).toEqual([
          "/usr/local/bin/setuid-probe",
          `${NATIVE}/portreserve-probe`,
          `${NATIVE}/portreserve-probe`,
          "/usr/sbin/kadmind",
          "/usr/sbin/krb5kdc",
          "/usr/sbin/rpc.ypxfrd",
          "/usr/sbin/ypbind",
          "/usr/sbin/ypserv",
        ]);
        expect(last.view.allocating.filter(({ secure }) => secure).map(({ program }) => program)).toEqual([
          "/usr/local/bin/setuid-probe",
        ]);
        expect(last.status.ports.map(({ state }) => state)).not.toContain("stolen");
        // Services that systemd runs under a filter, until they have read the table.
        const filtered = last.view.allocating.flatMap((one) => (one.filtered ? [one.pid] : []));
        const under = last.status.allocators.filter(({ reason }) => reason?.includes("seccomp") === true);
        expect(filtered).toEqual(expect.arrayContaining(under.map(({ pid }) => pid)));
        expect(under.every(({ verdict }) => verdict === "unknown")).toBe(true);
        const excepted = last.status.allocators.filter((one) => one.verdict !== "covered" && !under.includes(one));
        expect(excepted.map(({ unit, verdict, reason }) => `${unit} ${verdict}: ${reason}`)).toEqual([
          "blind.service not covered: finds another table in the table's place",
          "apart.service not covered: in another root (container, chroot)",
        ]);
        expect(await guest.run("portreservectl verify --quick", PATIENT)).toMatchObject({ status: 1 });

        await guest.output(
          `systemctl stop blind apart ${under.map(({ unit }) => unit).join(" ")}; rm ${unitFile("blind")} ${unitFile("apart")}; systemctl daemon-reload`,
        );
        expect(await guest.run("portreservectl verify", PATIENT)).toMatchObject({ status: 0 });
        // The unit that writes metrics sees the host as it is, from within its sandbox; with one setting more it would not on 13.
        expect(await metrics(guest, "")).toBe("portreserve_covered 1\n");
        if (suite === "trixie") {
          expect(await metrics(guest, "ProtectControlGroups=yes")).toBe("portreserve_covered 0\n");
        }
        note(
          "status, list, lookup, map and verify beside ss and /proc",
          suite,
          engine,
          "before install: no allocator covered, 749 stolen, in both views",
          `the same holders (${last.view.holders.length}), allocators (${last.view.allocating.length}) and ports, after install and after a reboot`,
          "3 moments",
        );
      } finally {
        await guest.stop();
      }
    });
  });
});
