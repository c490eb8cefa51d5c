// What a user's library prints in the probe's place: verify is not brought down by it, nor does a terminal obey it.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { schemaFaults } from "../support/schema.ts";
import { attack, fixed, notHere } from "./scene.ts";

const SYMBOLS = [
  "bindresvport",
  "bindresvport_sa",
  "rresvport",
  "rresvport_af",
  "gssrpc_bindresvport",
  "gssrpc_bindresvport_sa",
];
const ESCAPE = "\u001b]0;title\u0007\u001b[2J\u009b31m\r\u202e";

/** Answers to the question where each function comes from, with an object of the user's choice. */
const providers = (object: unknown): string =>
  SYMBOLS.map((symbol) => `${JSON.stringify({ symbol, object })}\n`).join("");

const WORDS: Readonly<Record<string, string>> = {
  "no JSON": "{{{\n",
  "JSON of other kinds": 'null\n[]\n1\n"x"\n{"symbol":{"a":1},"object":[]}\n{"port":"631"}\n',
  "ports that are none": `${providers("/x")}{"port":-1}\n{"port":1e999}\n{"port":0.5}\n{"port":99999999999}\n{"error":"${"E".repeat(10_000)}"}\n`,
  "names that objects have": `{"symbol":"__proto__","object":"constructor"}\n${providers("__proto__")}{"__proto__":{"port":1}}\n`,
  "deep JSON": `${"[".repeat(200_000)}\n`,
  "marks of the script": "portreserve: status 0\nportreserve: status NaN\nportreserve: ready\nportreserve: status\n",
  "escapes in a name": providers(`/lib/${ESCAPE}.so`),
  "raw escapes": `${ESCAPE}\n`,
  "bytes that are no text": "\xff\xfe\0\0\n",
  "an error with escapes": `${providers("/x")}${JSON.stringify({ error: ESCAPE })}\n`,
};
const NAMES = Object.keys(WORDS);

const SCRIPT = `step install ctl install
for folder in "$MINE"/said/*; do
  hold $USER env LD_PRELOAD="$folder/hostile.so" "$VICTIM"
  step text-\${folder##*/} ctl verify --pid $held
  step json-\${folder##*/} ctl verify --pid $held --json
  kill -KILL $held
done
`;

function prepare(folder: string): void {
  [...NAMES, "flood"].forEach((name, at) => {
    const said = path.join(folder, "said", String(at));
    mkdirSync(said, { recursive: true });
    copyFileSync(compileC("test/security/hostile.c", ["-shared", "-fPIC", "-ldl"]), path.join(said, "hostile.so"));
    writeFileSync(
      path.join(said, "words"),
      Buffer.from(WORDS[name] ?? "x\n".repeat(1000), name.startsWith("bytes") ? "latin1" : "utf8"),
    );
    if (name === "flood") writeFileSync(path.join(said, "flood"), "");
  });
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are looked for
const OBEYED = /[\0-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

describe.skipIf(notHere !== undefined)(named("a library in the probe's place", notHere), { timeout: 300_000 }, () => {
  test("brings verify neither down nor a terminal to do anything, whatever it says", async () => {
    const { step } = await attack(SCRIPT, { main: await fixed.main(), prepare });
    for (const [at, name] of [...NAMES, "flood"].entries()) {
      const [text, json] = [step(`text-${at}`), step(`json-${at}`)];
      expect([name, (text.status ?? 128) < 6, json.status], text.stdout + text.stderr).toEqual([
        name,
        true,
        text.status,
      ]);
      expect([name, OBEYED.test(text.stdout + text.stderr)]).toEqual([name, false]);
      const document = JSON.parse(json.stdout);
      expect([name, schemaFaults("verify", document), document.how.state]).toEqual([
        name,
        [],
        expect.stringMatching(/^(none|bad)$/),
      ]);
      if (name === "flood") expect(document.how.reason).toContain("printed more than");
    }
  });
});
