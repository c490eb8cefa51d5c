// What root keeps of V8's work on the program in /run: it is used, by whom it may be, and by nobody else. In mount namespaces with a /run of their own.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { named, skipReason } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { ownHost } from "../support/own-host.ts";
import { MAIN, NODE } from "../support/stage/stage.ts";

const FILE = "/run/portreserve.code";
const { version } = JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8")) as { version: string };

const reason = skipReason("root");

/** Standard output of a script on a host of its own; `$NODE`, `$BUNDLE` and `$FILE` are there. */
function played(script: string): string {
  const whole = `mount -t tmpfs -o mode=755 none /run\n${script}`;
  const environment = { PATH: process.env.PATH, NODE, BUNDLE: MAIN, FILE };
  const { status, stdout, stderr } = spawnSync("unshare", ownHost(whole, { flags: "-ec" }), {
    encoding: "utf8",
    env: environment,
  });
  if (status !== 0 || stderr !== "") throw new Error(`status ${status}: ${stderr}`);
  return stdout;
}

/** Its file is what the program would leave, had it another text: one that writes "!!" behind its version. */
let planted = "";

beforeAll(() => {
  if (reason !== undefined) return;
  const home = path.join(scratch(), "other");
  const other = path.join(home, "dist", "portreservectl.mjs");
  mkdirSync(path.dirname(other), { recursive: true });
  const text = readFileSync(MAIN, "utf8");
  const changed = text.replace(/(write\(1, .*)\\n`/, "$1!!`");
  expect(changed).not.toBe(text);
  writeFileSync(other, changed);
  writeFileSync(path.join(home, "package.json"), readFileSync(path.join(packageRoot, "package.json")));
  symlinkSync(path.join(packageRoot, "build"), path.join(home, "build"));
  const files = ["own", "other"].map((name) => path.join(scratch(), `${name}.code`));
  // Nothing is kept of a file that has changed a moment ago.
  played(`sleep 2.1
    "$NODE" "$BUNDLE" status >/dev/null; cp $FILE '${files[0]}'
    "$NODE" '${other}' status >/dev/null; cp $FILE '${files[1]}'`);
  const [own, others] = files.map((file) => readFileSync(file)) as [Buffer, Buffer];
  const head = (file: Buffer): number => file.indexOf("\n") + 1;
  planted = path.join(scratch(), "planted.code");
  writeFileSync(planted, Buffer.concat([own.subarray(0, head(own)), others.subarray(head(others))]), { mode: 0o600 });
});

const versionAfter = (script: string, as = ""): string =>
  played(`install -m 600 '${planted}' $FILE\n${script}\n${as} "$NODE" "$BUNDLE" --version`);

test.skipIf(reason !== undefined)(named("is used where root alone may have written it (control)", reason), () => {
  expect(versionAfter(":")).toBe(`${version}!!`);
});

test.skipIf(reason !== undefined).each([
  ["of another text or Node", `sed -i '1s/ [^ ]*/ 1.2.3/' $FILE`],
  ["that another user owns", "chown 65534 $FILE"],
  ["that a group may write", "chmod 620 $FILE"],
  ["in a folder that everybody may write", "chmod 1777 /run"],
  ["in a folder of another user", "chown 65534 /run"],
  ["that a link leads to", "mv $FILE /run/elsewhere; ln -s elsewhere $FILE"],
  ["that is cut off", "truncate -s 1000 $FILE"],
  ["that is no file", "rm $FILE; mkfifo -m 600 $FILE"],
  ["with flags of another run", "export NODE_OPTIONS=--interpreted-frames-native-stack"],
])(named("is not used %s", reason), (_, script) => {
  expect(versionAfter(script)).toBe(`${version}\n`);
});

test.skipIf(reason !== undefined)(named("is not used by another user than root", reason), () => {
  const nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups";
  expect(versionAfter("chmod 644 $FILE", nobody)).toBe(`${version}\n`);
});

test.skipIf(reason !== undefined)(
  named("is root's alone, kept once, and made again where V8 refuses it", reason),
  () => {
    const look = `"$NODE" "$BUNDLE" status >/dev/null; stat -c '%u %a %i' $FILE`;
    const [first, second, third] = played(`${look}\n${look}\ntruncate -s 1000 $FILE\n${look}`).split("\n");
    expect(first).toMatch(/^0 600 /);
    expect(second).toBe(first);
    expect(third).toMatch(/^0 600 /);
    expect(third).not.toBe(first);
  },
);

test.skipIf(reason !== undefined)(
  named("is not kept where /run cannot be written, and nothing is said of it", reason),
  () => {
    expect(
      played(
        `mount -o remount,ro /run\nbefore=$(ls -A /run); "$NODE" "$BUNDLE" status >/dev/null; test "$before" = "$(ls -A /run)"`,
      ),
    ).toBe("");
  },
);
