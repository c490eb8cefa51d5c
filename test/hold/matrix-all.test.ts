// Every thief beside every owner, before it starts, while it is up and after it has stopped; with the port held and without.
// PORTRESERVE_RECORD=1 has what came of it written to docs/evidence.
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { holdFile, noHolder, numbers, scene } from "./scene.ts";

/** An address as a socket asks for it, and the families in which it is in the way of others. */
// Both families come first: after a thief with SO_REUSEPORT in one of them the kernel lets another one of its user into both,
// whoever has the port in the other one.
const FORMS = [
  { name: "[::], both families", address: "::", families: [4, 6] },
  { name: "0.0.0.0", address: "0.0.0.0", families: [4] },
  { name: "127.0.0.1", address: "127.0.0.1", families: [4] },
  { name: "[::], IPv6 alone", address: "::", flag: " v6only", families: [6] },
  { name: "[::1]", address: "::1", families: [6] },
  { name: "::ffff:127.0.0.1", address: "::ffff:127.0.0.1", families: [4] },
] as const;
type Form = (typeof FORMS)[number];
const socket = (form: Form, port: number, flags: string): string =>
  `${form.address} ${port}${"flag" in form ? form.flag : ""} ${flags}`;

/** Each owner has a port of its own, since the kernel remembers of a port who had it. */
const OWNERS = ["reuse", "reuse reuseport"]
  .flatMap((flags) => FORMS.map((form) => ({ form, flags })))
  .map((owner, index) => ({ ...owner, port: 601 + index }));
type Owner = (typeof OWNERS)[number];

const PLAIN = "";
const REUSEPORT = "reuseport";
/** One with SO_REUSEPORT is its owner's own worker where that has the flag too: a limit (matrix.test.ts), and no theft. */
const thieves = (owner: Owner): readonly { readonly form: Form; readonly flags: string }[] =>
  (owner.flags === "reuse" ? [PLAIN, REUSEPORT] : [PLAIN]).flatMap((flags) => FORMS.map((form) => ({ form, flags })));

const STATES = ["before its owner starts", "while its owner is up", "after its owner has stopped"] as const;
type State = (typeof STATES)[number];
const WHOS = ["nobody", "hold"] as const;
type Who = (typeof WHOS)[number];
const PROTOCOLS = ["tcp", "udp"] as const;
type Protocol = (typeof PROTOCOLS)[number];

/** One line each: STATE|FLAGS|FORM|what a thief got; then the owner's whole life. */
function script(owner: Owner, protocol: Protocol): string {
  const { form, flags, port } = owner;
  const tries = (state: State): string =>
    thieves(owner)
      .map((thief) => {
        const label = `${state}|${thief.flags}|${thief.form.name}`;
        return `s try ${protocol} ${socket(thief.form, port, thief.flags)}; echo "${label}|$answer"`;
      })
      .join("\n");
  const client = form.families.includes(4 as never) ? "127.0.0.1" : "::1";
  const step = (command: string): string => `s ${command}; life="$life $answer"`;
  const start = [
    step(`bind o ${protocol} ${socket(form, port, flags)}`),
    ...(protocol === "tcp" ? [step("listen o")] : []),
  ].join("\n");
  const serve =
    protocol === "tcp"
      ? `${step(`connect c tcp ${client} ${port}`)}\n${step("accept a o")}\ns reset c; s close a`
      : `s bind c udp ${client === "::1" ? "::" : "0.0.0.0"} 0\n${step(`send c 3 ${client} ${port}`)}\n${step("count o")}\ns close c`;
  return `life=
${tries("before its owner starts")}
${start}
${tries("while its owner is up")}
${serve}
s close o
${tries("after its owner has stopped")}
${start}
s close o
echo "life|$life"`;
}

const LIFE = { tcp: " ok ok ok ok ok ok", udp: " ok ok 3 ok" } as const;

/** The kernel's rule: without a holder only an owner that is up is in the way, and only in its own families. */
function expected(who: Who, owner: Owner, state: State, form: Form): "ok" | "EADDRINUSE" {
  const meets = form.families.some((family) => owner.form.families.includes(family as never));
  return who === "hold" || (state === "while its owner is up" && meets) ? "EADDRINUSE" : "ok";
}

/** By what is tried: how often, and how often it was had, with and without. */
const found = new Map<string, { tries: number; readonly had: Record<Who, number> }>();
function keep(what: string, who: Who, had: boolean | number, tries = 1): void {
  const row = found.get(what) ?? { tries: 0, had: { nobody: 0, hold: 0 } };
  found.set(what, row);
  row.had[who] += Number(had);
  if (who === "hold") row.tries += tries;
}

/** Allocators go round as often. */
const ROUNDS = 5;

describe.skipIf(noHolder !== undefined)(named("every thief beside every owner", noHolder), () => {
  afterAll(recordAll);

  describe.each(PROTOCOLS)("of %s", (protocol) => {
    test.each(WHOS)("with the port held by: %s", async (who) => {
      const file = holdFile(...OWNERS.map(({ port }) => `hold ${protocol} ${port}`));
      const lines = await scene(
        `${who === "hold" ? "holder\n" : ""}${OWNERS.map((owner) => script(owner, protocol)).join("\n")}`,
        { file },
      );
      const all = OWNERS.flatMap((owner) => [
        ...STATES.flatMap((state) =>
          thieves(owner).map(
            ({ flags, form }) => `${state}|${flags}|${form.name}|${expected(who, owner, state, form)}`,
          ),
        ),
        `life|${LIFE[protocol]}`,
      ]);
      expect(lines).toEqual(all);
      for (const [state = "", flags = "", , answer] of lines.map((line) => line.split("|"))) {
        const thief = flags === PLAIN ? "without a flag" : "with SO_REUSEPORT";
        if (state === "life") keep(`an owner of ${protocol} starts, serves, stops and starts`, who, true);
        else keep(`a thief ${thief} has a port of ${protocol} ${state}`, who, answer === "ok");
      }
    });

    test.each(WHOS)(`bindresvport() ${ROUNDS} times through all its ports, held by: %s`, async (who) => {
      const file = holdFile(`hold ${protocol} 631`);
      const loop = `${who === "hold" ? "holder\n" : ""}is stolen loop ${protocol} ${ROUNDS}`;
      const { stolen = Number.NaN } = numbers(await scene(loop, { file }));
      expect(stolen).toBe(who === "hold" ? 0 : ROUNDS);
      keep(`bindresvport() through all its ports has 631 of ${protocol}`, who, stolen, ROUNDS);
    });
  });
});

async function recordAll(): Promise<void> {
  // Part of a run, or one that failed, is no evidence.
  const isWhole = found.size === 16 && [...found.values()].every(({ tries }) => tries > 0);
  if (process.env.PORTRESERVE_RECORD !== "1" || !isWhole) return;
  const script = path.resolve(import.meta.dirname, "../../scripts/evidence.mjs");
  const { record } = (await import(script)) as { record: (name: string, run: object) => void };
  record("hold", {
    title: "Hold",
    command: "PORTRESERVE_RECORD=1 npx vitest run --config test/vitest.config.ts test/hold/matrix",
    note: [
      "How often something happened to a port that nobody holds, and to one that portreserve-hold holds, in a private network: " +
        "owners with SO_REUSEADDR at each of six addresses, with and without SO_REUSEPORT, and thieves at each of them.",
      "While an owner is up, its own socket is in the way of thieves in its own address families only.",
    ],
    columns: ["what", "tries", "not held", "held"],
    rows: [...found].sort().map(([what, { tries, had }]) => [what, tries, had.nobody, had.hold]),
  });
}
