// Real RPC daemons take whatever is free at each start, and with the mechanism 'fixed' their own ports, now and after a boot.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { FULL } from "../support/full.ts";
import type { Guest } from "../support/guest/guest.ts";
import type { Engine } from "../support/guest/keeper.ts";
import { bootFixed, FILES, fixedReleases, portsOf, UNITS } from "./support/fixed-scene.ts";
import { SUITES } from "./support/releases.ts";

/** Milliseconds: for what takes seconds on a busy machine. */
const PATIENT = { timeout: 120_000 };
const ENGINE: Readonly<Record<string, Engine>> = { bookworm: "unshare", trixie: "nspawn" };
const PROGRAMS = ["rpc.mountd", "rpc.rquotad", "rpc.statd", "rpc.yppasswdd", "ypserv"];
/** What each serves, by its number; rpc.yppasswdd would change a password. */
const SERVE = ["100005 3", "100011 1", "100024 1", "100004 2"]
  .map((program) => `rpcinfo -T tcp 127.0.0.1 ${program}`)
  .join("; ");

interface Daemon {
  readonly name: string;
  readonly port: number;
  readonly count: number;
  readonly given: boolean;
}

async function applied(guest: Guest): Promise<readonly Daemon[]> {
  const shown = JSON.parse(await guest.output("portreservectl mechanisms fixed --json", PATIENT));
  expect(shown.mechanisms).toMatchObject([{ name: "fixed", state: "in-force" }]);
  return shown.mechanisms[0].numbers.daemons;
}

/** As portsOf() has it. */
const portsIn = (daemons: readonly Daemon[]): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    daemons
      .filter(({ name }) => PROGRAMS.includes(name))
      .map(({ name, port, count }) => {
        const numbers = count === 2 ? [port, port + 1] : [port];
        return [name, ["tcp", "udp"].flatMap((protocol) => numbers.map((number) => `${protocol} ${number}`))];
      }),
  );

describe.each(await fixedReleases(FULL ? SUITES : ["trixie"]))("$suite", ({ suite, reason }) => {
  describe.skipIf(reason !== undefined)(named("statd, mountd, ypserv, yppasswdd and rquotad", reason), () => {
    test("have other ports at each start, and their own with the mechanism: now, after a boot, until it is removed", {
      timeout: 240_000,
    }, async () => {
      const guest = await bootFixed(suite, ENGINE[suite] ?? "unshare");
      try {
        const restart = (): Promise<string> => guest.output(`systemctl restart ${UNITS.join(" ")}`, PATIENT);
        const random = await portsOf(guest);
        expect(Object.keys(random).sort()).toEqual(PROGRAMS);
        await restart();
        const others = await portsOf(guest);
        for (const name of PROGRAMS) expect(others[name], name).not.toEqual(random[name]);
        // rpc.statd has a privileged port, for which nobody has asked.
        expect(await guest.run("portreservectl reserve rpc-statd", PATIENT)).toMatchObject({
          status: 1,
          stderr: expect.stringMatching(/nobody has chosen \d+\/udp.*\n.*sudo portreservectl mechanisms apply fixed/),
        });

        const before = await guest.output(FILES);
        const apply = await guest.run("portreservectl mechanisms apply fixed", PATIENT);
        expect(apply).toMatchObject({
          status: 0,
          stderr: expect.stringContaining("'ypserv.service' does not have port"),
        });
        expect(await portsOf(guest)).toEqual(others);
        const now = await guest.run("portreservectl mechanisms apply fixed --now", PATIENT);
        expect(now).toMatchObject({ status: 0, stdout: "fixed: nothing to change, it is in force\n" });
        for (const unit of UNITS) expect(now.stderr).toContain(`'${unit}.service' was restarted, and has port`);
        const daemons = await applied(guest);
        expect(daemons.map(({ name }) => name)).toEqual([
          ...["rpc.statd", "sm-notify", "lockd", "rpc.mountd", "ypserv", "rpc.yppasswdd", "rpc.rquotad"],
        ]);
        expect(await portsOf(guest)).toEqual(portsIn(daemons));
        expect(await guest.output(SERVE)).toMatch(/^(program \d+ version \d+ ready and waiting\n){4}$/);
        // Nothing is left to restart.
        const pids = "pidof rpc.statd rpc.mountd ypserv rpc.yppasswdd rpc.rquotad";
        const running = await guest.output(pids);
        expect(await guest.run("portreservectl mechanisms apply fixed --now", PATIENT)).toMatchObject({
          status: 0,
          stderr: "",
        });
        expect(await guest.output(pids)).toBe(running);

        expect(await guest.run("portreservectl mechanisms remove fixed --now", PATIENT)).toMatchObject({ status: 0 });
        expect(await guest.output(FILES)).toBe(before);
        const free = await portsOf(guest);
        for (const name of PROGRAMS) expect(free[name], name).not.toEqual(portsIn(daemons)[name]);

        // At a boot, and with the shim: which gives IPv6 of the NIS daemons no reserved port, so not the next one.
        expect(await guest.run("portreservectl install", PATIENT)).toMatchObject({ status: 0 });
        expect(await guest.run("portreservectl mechanisms apply fixed", PATIENT)).toMatchObject({ status: 0 });
        expect(await applied(guest)).toEqual(daemons);
        await guest.reboot();
        const alone = portsIn(daemons.map((daemon) => ({ ...daemon, count: 1 })));
        const booted = await portsOf(guest);
        for (const name of PROGRAMS)
          expect(booted[name], name).toEqual(expect.arrayContaining([...(alone[name] ?? [])]));
        for (const name of ["rpc.statd", "rpc.mountd", "rpc.rquotad"]) expect(booted[name]).toEqual(alone[name]);
        // Nobody calls them thieves.
        const { ports } = JSON.parse(await guest.output("portreservectl status --json", PATIENT));
        const theirs = ports.filter((row: { owners: string[] }) => row.owners.includes("fixed"));
        const serving = new Set(daemons.filter(({ name }) => PROGRAMS.includes(name)).map(({ port }) => port));
        expect(theirs.length).toBe(17);
        for (const { port, state } of theirs)
          expect([port, state]).toEqual([port, serving.has(port) ? "held" : "free"]);
      } finally {
        await guest.stop();
      }
    });
  });
});
