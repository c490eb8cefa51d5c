// Who gets a port that the holder has: thief and owner, by address form, protocol and family, each beside what happens without it.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { holdFile, noHolder, scene } from "./scene.ts";

const ADDRESSES = {
  "0.0.0.0": "0.0.0.0",
  "127.0.0.1": "127.0.0.1",
  "[::], both families": "::",
  "[::], IPv6 alone": "::",
  "[::1]": "::1",
  "::ffff:127.0.0.1": "::ffff:127.0.0.1",
} as const;
type Form = keyof typeof ADDRESSES;
const FORMS = Object.keys(ADDRESSES) as Form[];
const PROTOCOLS = ["tcp", "udp"] as const;

const to = (form: Form): string => `${ADDRESSES[form]} 631${form.endsWith("alone") ? " v6only" : ""}`;
/** A client's way to somebody at that address. */
const from = (form: Form): string => (ADDRESSES[form].includes("::") && !/both|ffff/.test(form) ? "::1" : "127.0.0.1");

const START = { nobody: "", hold: "holder\n", block: "holder\n" } as const;
type Who = keyof typeof START;
const whos = Object.keys(START) as Who[];

async function beside(who: Who, protocol: string, script: string): Promise<readonly string[]> {
  const request = who === "nobody" ? {} : { file: holdFile(`${who} ${protocol} 631`) };
  return scene(`${START[who]}${script}`, request);
}

const FLAGS = ["", "reuseport", "reuse", "reuse reuseport"] as const;

/** What a thief with these flags gets. */
function expected(who: Who, flags: string): string {
  if (who === "nobody") return "ok";
  return who === "hold" && flags.startsWith("reuse") && !flags.startsWith("reuseport") ? "ok" : "EADDRINUSE";
}

describe.skipIf(noHolder !== undefined)(named("a port", noHolder), () => {
  describe.each(PROTOCOLS)("of %s", (protocol) => {
    test.each(whos)("with the holder's %s: who can bind it", async (who) => {
      // Those with both flags last: what they leave behind is a test of its own.
      const rows = FLAGS.flatMap((flags) => FORMS.map((form) => ({ form, flags })));
      const script = rows.map(({ form, flags }) => `is "${form} ${flags}" try ${protocol} ${to(form)} ${flags}`);
      const lines = await beside(who, protocol, script.join("\n"));
      expect(lines).toEqual(rows.map(({ form, flags }) => `${form} ${flags}: ${expected(who, flags)}`));
    });
  });

  /** An owner's life: it serves, its thief while it is up, the thief while it is down after it closed first, and its restart. */
  const life = (form: Form, flags: string, thief: Form): string => `
s bind o tcp ${to(form)} ${flags}; was=$answer
s listen o; was="$was $answer"
s connect c tcp ${from(form)} 631; was="$was $answer"
s accept a o; was="$was $answer"
s try tcp ${to(thief)}; was="$was, thief $answer"
s close a; s close c; s close o
s try tcp ${to(thief)}; was="$was, TIME_WAIT $answer"
s bind o tcp ${to(form)} ${flags}; was="$was, again $answer"
s listen o; was="$was $answer"
s close o
echo "${form} ${flags}: $was"`;
  const owners = FORMS.flatMap((form) => ["reuse", "reuse reuseport"].map((flags) => ({ form, flags })));

  test.each(["nobody", "hold"] as const)(
    "with the holder's %s: an owner of TCP with SO_REUSEADDR serves, stops and starts",
    async (who) => {
      const lines = await beside(who, "tcp", owners.map(({ form, flags }) => life(form, flags, form)).join("\n"));
      const served = "ok ok ok ok, thief EADDRINUSE, TIME_WAIT EADDRINUSE, again ok ok";
      expect(lines).toEqual(owners.map(({ form, flags }) => `${form} ${flags}: ${served}`));
    },
  );

  test.each([
    ["nobody", "ok"],
    ["hold", "EADDRINUSE"],
  ] as const)("with the holder's %s, once the owner is down without TIME_WAIT: a thief gets %s", async (who, thief) => {
    const script = `s bind o tcp 0.0.0.0 631 reuse; s listen o; s connect c tcp 127.0.0.1 631; s accept a o
s reset c; s close a; s close o
${FORMS.map((form) => `is "${form}" try tcp ${to(form)}`).join("\n")}`;
    expect(await beside(who, "tcp", script)).toEqual(FORMS.map((form) => `${form}: ${thief}`));
  });

  test.each([
    ["nobody", "ok"],
    ["hold", "EADDRINUSE"],
    ["block", "EADDRINUSE"],
  ] as const)("with the holder's %s: an owner without SO_REUSEADDR gets %s", async (who, answer) => {
    expect(await beside(who, "tcp", "is owner try tcp 0.0.0.0 631")).toEqual([`owner: ${answer}`]);
    expect(await beside(who, "udp", "is owner try udp 0.0.0.0 631")).toEqual([`owner: ${answer}`]);
  });

  test.each([
    ["nobody", "ECONNREFUSED"],
    ["hold", "ECONNREFUSED"],
    ["block", "ECONNREFUSED"],
  ] as const)("with the holder's %s and its owner down: a client of TCP gets %s", async (who, answer) => {
    const script = "is IPv4 connect c tcp 127.0.0.1 631\nis IPv6 connect c tcp ::1 631";
    expect(await beside(who, "tcp", script)).toEqual([`IPv4: ${answer}`, `IPv6: ${answer}`]);
  });

  test.each([
    ["nobody", "ECONNREFUSED"],
    ["hold", "ECONNREFUSED"],
    ["block", "ok"],
  ] as const)(
    "with the holder's %s and its owner down: a datagram's sender hears %s, and nothing is kept",
    async (who, answer) => {
      const script = `is IPv4 connect c udp 127.0.0.1 631
is heard refused c
is IPv6 connect d udp ::1 631
is heard refused d
for i in 1 2 3; do s send c 200 127.0.0.1 631; done
awk '$2 ~ /:0277$/ { print "queued " $5 }' /proc/net/udp /proc/net/udp6`;
      const kept = who === "nobody" ? [] : Array.from({ length: 2 }, () => "queued 00000000:00000000");
      const shown = ["IPv4: ok", `heard: ${answer}`, "IPv6: ok", `heard: ${answer}`, ...kept];
      expect(await beside(who, "udp", script)).toEqual(shown);
    },
  );

  test("a socket that neither shares nor drops keeps what it gets (control of the queue)", async () => {
    const lines = await scene(`s bind o udp 0.0.0.0 631; s bind c udp 0.0.0.0 0
s send c 200 127.0.0.1 631
awk '$2 ~ /:0277$/ { print $5 != "00000000:00000000" }' /proc/net/udp`);
    expect(lines).toEqual(["1"]);
  });

  const datagrams = `s bind c udp 0.0.0.0 0 broadcast
is sent send c 20 127.0.0.1 631
is owner count o
is sent send c 1 127.255.255.255 631
is owner count o`;
  const all = ["sent: ok", "owner: 20", "sent: ok", "owner: 1"];

  test("an owner of UDP gets each datagram, broadcast too, whoever was first", async () => {
    const file = holdFile("hold udp 631");
    expect(await scene(`holder; s bind o udp 0.0.0.0 631 reuse\n${datagrams}`, { file })).toEqual(all);
    expect(await scene(`s bind o udp 0.0.0.0 631 reuse; holder\nstates\n${datagrams}`, { file })).toEqual([
      "hold udp 631: held held null",
      ...all,
    ]);
  });

  test("a second socket that shares would get them, were it no hold (control)", async () => {
    expect(await scene(`s bind o udp 0.0.0.0 631 reuse; s bind h udp 0.0.0.0 631 reuse\n${datagrams}`)).not.toEqual(
      all,
    );
  });

  test("bound to an interface it is out of a hold's reach for UDP, and within that of a block (limit)", async () => {
    const bind = "is tcp try tcp 0.0.0.0 631 on=lo\nis udp try udp 0.0.0.0 631 on=lo";
    const both = (kind: string): string => holdFile(`${kind} tcp 631`, `${kind} udp 631`);
    expect(await scene(`holder\n${bind}`, { file: both("hold") })).toEqual(["tcp: EADDRINUSE", "udp: ok"]);
    expect(await scene(`holder\n${bind}`, { file: both("block") })).toEqual(["tcp: EADDRINUSE", "udp: EADDRINUSE"]);
  });

  test("a thief with SO_REUSEADDR that listens gets in (limit)", async () => {
    const lines = await beside(
      "hold",
      "tcp",
      "is thief bind t tcp 0.0.0.0 631 reuse\nis thief listen t\nis owner bind o tcp 0.0.0.0 631 reuse",
    );
    expect(lines).toEqual(["thief: ok", "thief: ok", "owner: EADDRINUSE"]);
  });

  test("after an owner with SO_REUSEPORT a thief of its user with that flag gets in, and the owner all the same (limit)", async () => {
    const script = `is thief try tcp 127.0.0.1 631 reuseport
s bind o tcp 127.0.0.1 631 reuse reuseport; s close o
is thief bind t tcp 127.0.0.1 631 reuseport
is owner bind o tcp 127.0.0.1 631 reuse reuseport
is owner listen o`;
    const shown = ["thief: EADDRINUSE", "thief: ok", "owner: ok", "owner: ok"];
    expect(await beside("hold", "tcp", script)).toEqual(shown);
  });

  test("one that connects from it gets in too, and the owner all the same (limit)", async () => {
    const script = `s bind l tcp 127.0.0.1 4000; s listen l
is thief bind t tcp 127.0.0.1 631 reuse
is owner bind o tcp 0.0.0.0 631 reuse
is owner listen o`;
    expect(await beside("hold", "tcp", script)).toEqual(["thief: ok", "owner: ok", "owner: ok"]);
  });

  test.each([
    ["nobody", "tcp", 1],
    ["hold", "tcp", 0],
    ["block", "tcp", 0],
    ["nobody", "udp", 1],
    ["hold", "udp", 0],
    ["block", "udp", 0],
  ] as const)(
    "with the holder's %s of %s, bindresvport() through all its ports gets it %i times",
    async (who, protocol, times) => {
      expect(await beside(who, protocol, `is stolen loop ${protocol} 1`)).toEqual([`stolen: ${times}`]);
    },
  );
});
