// The rule that install adds for AppArmor, read by AppArmor's own parser. No kernel here enforces it: see SECURITY.md.
import { describe, expect, test } from "vitest";
import { ruleSpec } from "../../src/core/install/specs.ts";
import { APPARMOR_RULES, TABLE_FILE } from "../../src/system/paths.ts";
import { runInSandbox } from "../../src/system/sandbox/sandbox.ts";
import { named, skipReason } from "../support/can.ts";

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
