// The rule that install adds for AppArmor: where it goes, and what AppArmor's own parser makes of it. test/vm has a kernel that enforces it.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ruleSpec } from "../../src/core/install/specs.ts";
import { APPARMOR_RULES, TABLE_FILE } from "../../src/system/paths.ts";
import { runInSandbox } from "../../src/system/sandbox/sandbox.ts";
import { named, skipFor, skipReason } from "../support/can.ts";
import { treeOf } from "../support/host.ts";
import { imageOf, noUnits, run, withoutLock } from "./image.ts";

const reason = skipReason("root", { program: "apparmor_parser", package: "apparmor" });

const PROFILE = "include <tunables/global>\nprofile t /usr/bin/t {\n  include <abstractions/base>\n}\n";

/** What the parser makes of a profile that includes the base abstraction, with this text as our rule. */
async function parsed(rule: string | undefined): Promise<{ readonly status: number; readonly tables: string }> {
  const etc = { profile: PROFILE, ...(rule === undefined ? {} : { [`${APPARMOR_RULES.slice(5)}/portreserve`]: rule }) };
  const script = `apparmor_parser --skip-kernel-load --skip-cache --preprocess /etc/profile | grep -F ${TABLE_FILE} | grep -v '^#'
apparmor_parser --skip-kernel-load --skip-cache /etc/profile 2>/dev/null`;
  const result = await runInSandbox("root", { script, etc });
  if (result.outcome !== "ended") throw new Error(`the sandbox: ${JSON.stringify(result)}`);
  return { status: result.status, tables: result.stdout };
}

describe.skipIf(reason !== undefined)(named("AppArmor's parser", reason), () => {
  test("takes our rule into every profile with the base abstraction, and finds none without it", async () => {
    const { wanted } = ruleSpec(APPARMOR_RULES, TABLE_FILE);
    const rule = wanted.kind === "file" ? Buffer.from(wanted.bytes).toString() : "";
    expect(await parsed(rule)).toEqual({ status: 0, tables: `${TABLE_FILE} r,\n` });
    expect(await parsed(undefined)).toEqual({ status: 0, tables: "" });
  });

  test("refuses a rule that is none (the control)", async () => {
    expect((await parsed("nonsense here\n")).status).not.toBe(0);
  });
});

const BASE = "/etc/apparmor.d/abstractions/base";
const noBase = skipFor(existsSync(BASE) ? undefined : `no '${BASE}': install the package apparmor`);

describe.skipIf(noBase !== undefined)(named("an image with AppArmor's abstractions", noBase), () => {
  const RULE = `${APPARMOR_RULES}/portreserve`;

  test("gets the rule, and loses it again with its folder", () => {
    const root = imageOf({ [BASE.slice(1)]: readFileSync(BASE) });
    const before = treeOf(root);
    expect(run("install", "--root", root)).toMatchObject({ status: 0, stderr: noUnits(root) });
    expect(readFileSync(root + RULE, "utf8")).toMatch(/^# Written by .*\n\/etc\/portreserve\.table r,\n$/);
    expect(run("install", "--root", root).stdout).toMatch(/^unchanged: /);
    expect(run("uninstall", "--root", root)).toMatchObject({ status: 0, stderr: "" });
    expect(withoutLock(treeOf(root))).toBe(before);
  });

  test("gets it also where only another package has brought some", () => {
    const root = imageOf({ [`${BASE.slice(1)}-of-another`]: "" });
    expect(run("install", "--root", root)).toMatchObject({ status: 0, stderr: noUnits(root) });
    expect(existsSync(root + RULE)).toBe(true);
  });

  test.each([
    ["is of before AppArmor 3.0, and does not include it", (base: string) => base.replace(/^.*base\.d>.*\n/m, "")],
    ["includes it in a remark alone", (base: string) => base.replace(/^(.*base\.d>)/m, "# $1")],
    ["includes another folder", (base: string) => base.replace("base.d>", "base.d.old>")],
  ])("gets none where the base abstraction %s, and install says so", (_, change) => {
    const base = readFileSync(BASE, "utf8");
    expect(change(base)).not.toBe(base);
    const root = imageOf({ [BASE.slice(1)]: change(base) });
    const note = `portreservectl: note: programs that AppArmor confines may not read the table: '${BASE}' does not include '${APPARMOR_RULES}', as it does since AppArmor 3.0
hint: add the line '${TABLE_FILE} r,' to the profiles of those that 'portreservectl status' names
`;
    expect(run("install", "--root", root)).toMatchObject({ status: 0, stderr: note + noUnits(root) });
    expect(existsSync(root + RULE)).toBe(false);
    expect(run("install", "--root", root)).toMatchObject({ status: 0, stderr: note + noUnits(root) });
  });
});
