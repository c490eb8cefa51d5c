// status and verify for a user who is not root: they work, say what they could not see, and never call it covered.
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { asNobody, ctl } from "../support/cli.ts";

interface Row {
  readonly kind: string;
  readonly verdict: string;
  readonly check: string | null;
  readonly reason: string | null;
  readonly hint: string | null;
}

const reason = skipReason("root", { program: "setpriv", package: "util-linux" });

describe.skipIf(reason !== undefined)(named("an unprivileged user", reason), () => {
  test("gets a status with exit 0, in which whatever root alone can see is unknown and says so", () => {
    const { status, stdout, stderr } = ctl(["status", "--json"], { under: asNobody });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const document: { asRoot: boolean; verdict: string; allocators: Row[] } = JSON.parse(stdout);
    expect(document.asRoot).toBe(false);
    expect(document.verdict).not.toBe("covered");
    const unseen = document.allocators.filter(({ kind }) => kind === "unseen");
    expect(unseen.map(({ verdict }) => verdict)).toEqual(unseen.map(() => "unknown"));
    // This process is root's, so there is at least one.
    expect(unseen.map(({ hint }) => hint)).toContain("sudo portreservectl status --json");
    // What its unit keeps from every port needs no look of root's.
    const covered = document.allocators.filter(({ verdict, check }) => verdict === "covered" && check !== "powerless");
    expect(covered).toEqual([]);
  });

  test("is told in the text that root would see it; root is not", () => {
    const nobody = ctl(["status"], { under: asNobody });
    expect(nobody.status).toBe(0);
    expect(nobody.stdout).toMatch(/unknown: .* → sudo portreservectl status$/m);
    expect(ctl(["status"]).stdout).not.toContain("sudo portreservectl status");
  });

  test("gets no success from verify", () => {
    const { status } = ctl(["verify", "--quick"], { under: asNobody });
    expect([1, 3]).toContain(status);
  });
});
