// Kerberos, rsync and IMAP lose their ports at boot to NIS daemons, and keep them with portreserve.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import type { Engine } from "../support/guest/keeper.ts";
import { note } from "./support/evidence.ts";
import { bootRelease, releases } from "./support/releases.ts";
import {
  ASK_749,
  ASK_IMAPS,
  ASK_RSYNC,
  HOLDERS,
  LAB,
  RESERVED,
  THIEVES_ANSWER,
  THIEVES_SERVE,
} from "./support/services-lab.ts";

/** Each release under one engine: which makes no difference here. */
/** Milliseconds: for what takes seconds on a busy machine. */
const PATIENT = { timeout: 120_000 };
const ENGINE: Readonly<Record<string, Engine>> = { bookworm: "unshare", trixie: "nspawn" };
const VICTIMS = "krb5-kdc krb5-admin-server rsync dovecot";
const RSYNC_LISTENS = "until ss -Hlnt | grep -qF '[::]:873 '; do sleep 0.02; done";
const STOLEN = "ports that are stolen, as status says";

describe.each(await releases())("$suite", ({ suite, reason }) => {
  describe.skipIf(reason !== undefined)(named("services with a privileged port", reason), () => {
    test("lose it to NIS daemons at boot, and have it with portreserve", async () => {
      const engine = ENGINE[suite] ?? "unshare";
      const guest = await bootRelease(suite, { engine, files: LAB });
      try {
        const held = async (...ports: readonly number[]): Promise<readonly string[]> =>
          (await guest.output(HOLDERS)).split("\n").filter((line) => ports.some((port) => line.includes(`:${port} `)));
        // Not by unit: the journal cannot tell that of a process that is gone when it looks.
        const logged = (text: string): Promise<string> =>
          guest.output('journalctl --sync; journalctl -q -b -o cat | grep -m1 -o "$1"', { args: [text] });

        // Debian as it is: ypserv is first. Its second port is one of the KDC's, so that nobody can log in either.
        expect(await held(749, 750)).toEqual([
          "tcp 0.0.0.0:749 ypserv",
          "udp 0.0.0.0:749 ypserv",
          "tcp *:750 ypserv",
          "udp *:750 ypserv",
        ]);
        expect(await logged("Cannot bind server socket on 0.0.0.0.749")).not.toBe("");
        expect(await logged("Cannot bind server socket on 0.0.0.0.750")).not.toBe("");
        expect(await guest.output(ASK_749)).toBe("RPC: Program unavailable\n");
        expect(await guest.output(THIEVES_SERVE)).toBe(THIEVES_ANSWER);
        // libtirpc keeps off what its blacklist lists…
        expect(await held(873, 993)).toEqual([
          "tcp 0.0.0.0:873 rsync",
          "tcp [::]:873 rsync",
          "tcp 0.0.0.0:993 dovecot",
          "tcp [::]:993 dovecot",
        ]);
        // …glibc's own function does not read it: rsync says that it listens, and nobody but IPv6 clients reach it.
        await guest.output("systemctl stop ypbind ypxfrd rsync dovecot; systemctl start glibc-873 glibc-993");
        expect(await guest.output("cat /run/glibc-*.out")).toBe('{"port":873}\n{"port":993}\n');
        await guest.run("systemctl start rsync dovecot");
        await guest.output(RSYNC_LISTENS);
        expect(await guest.output("systemctl is-active rsync")).toBe("active\n");
        expect(await held(873, 993)).toEqual(["tcp [::]:873 rsync"]);
        expect(await logged("listen(\\*, 993) failed: Address already in use")).not.toBe("");

        // Where somebody has emptied it, NIS takes them.
        await guest.output(`systemctl stop glibc-873 glibc-993 rsync dovecot; : >/etc/bindresvport.blacklist
systemctl start ypbind ypxfrd`);
        await guest.run("systemctl start rsync dovecot");
        await guest.output(RSYNC_LISTENS);
        const taken = await held(873, 993);
        // Newer ones bind IPv6 apart, older ones now and then, and get the same number for it: nothing is left for rsync.
        const apart = (protocol: string): boolean =>
          suite !== "bookworm" || taken.includes(`${protocol} [::]:873 ypbind`);
        expect(taken).toEqual([
          "tcp 0.0.0.0:873 ypbind",
          ...(apart("tcp") ? ["tcp [::]:873 ypbind"] : ["tcp [::]:873 rsync"]),
          "udp 0.0.0.0:873 ypbind",
          ...(apart("udp") ? ["udp [::]:873 ypbind"] : []),
          ...["tcp 0.0.0.0:993 rpc.ypxfrd", "udp 0.0.0.0:993 rpc.ypxfrd"],
        ]);

        for (const [owner, lines] of Object.entries(RESERVED)) await guest.write(`/etc/portreserve/${owner}`, lines);
        expect(await guest.run("portreservectl install", PATIENT)).toMatchObject({ status: 0, stderr: "" });
        const ports = async (): Promise<readonly string[]> => {
          const { ports } = JSON.parse(await guest.output("portreservectl status --json", PATIENT));
          return ports.flatMap((row: { port: number; protocol: string; reserved: boolean; state: string }) =>
            row.reserved ? [`${row.port}/${row.protocol} ${row.state}`] : [],
          );
        };
        // Nothing is hidden about what was taken before.
        expect(await ports(), STOLEN).toEqual(["749/tcp stolen", "750/udp stolen", "873/tcp stolen", "993/tcp stolen"]);

        // All five ask first, now.
        await guest.output("systemctl add-wants -q multi-user.target glibc-873 glibc-993");
        await guest.reboot();
        expect(await guest.output(`systemctl is-active ${VICTIMS} ypserv ypbind ypxfrd glibc-873 glibc-993`)).toBe(
          "active\n".repeat(9),
        );
        expect(await guest.output(THIEVES_SERVE)).toBe(THIEVES_ANSWER);
        expect(await guest.output("cat /run/glibc-*.out")).toMatch(/^(\{"port":\d+\}\n){2}$/);
        // What is not reserved goes to whoever comes first, as ever.
        expect((await held(749, 750, 873, 993)).filter((line) => !/ (ypserv|ypbind|rpc\.ypxfrd)$/.test(line))).toEqual([
          ...["tcp 0.0.0.0:749 kadmind", "tcp [::]:749 kadmind"],
          ...["udp 0.0.0.0:750 krb5kdc", "udp [::]:750 krb5kdc"],
          ...["tcp 0.0.0.0:873 rsync", "tcp [::]:873 rsync"],
          ...["tcp 0.0.0.0:993 dovecot", "tcp [::]:993 dovecot"],
        ]);
        expect(await held(749)).toContain("udp 0.0.0.0:749 ypserv");
        expect(await ports()).toEqual(["749/tcp held", "750/udp held", "873/tcp held", "993/tcp held"]);
        expect(await guest.output(ASK_749)).toBe("RPC: Authentication error; why = Client credential too weak\n");
        expect(await guest.output(`${ASK_RSYNC}; ${ASK_IMAPS}`)).toBe("hello\n* OK [CAPABILITY\na OK\n");
        note(
          "kadmind on 749, the KDC on 750, rsync on 873, imaps on 993",
          suite,
          engine,
          "749 and 750 stolen by ypserv; 873 and 993 by glibc's bindresvport past the blacklist, by ypbind and rpc.ypxfrd without it; all four services fail or lose IPv4",
          "all five thieves ask first and serve; kadmind, krb5kdc, rsync and a TLS handshake with dovecot answer",
          "1 boot each",
        );
      } finally {
        await guest.stop();
      }
    });
  });
});
