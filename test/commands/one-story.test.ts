// A host on which nothing is installed yet: every verb says that nothing is in force, and names the one next step.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { noHost, onHost } from "../support/host.ts";

const reason = await noHost();
const INSTALL = "sudo portreservectl install";
const NOT_YET = `the table is not in force yet: no program loads the shim → ${INSTALL}\n`;

describe.skipIf(reason !== undefined)(named("a host without an installation", reason), () => {
  test("has one story before install, and another after it", async () => {
    const step = await onHost(`
rm -r /etc/portreserve
printf '631\\n873\\n' >/etc/bindresvport.blacklist
step status ctl status
step check ctl check
step lookup ctl lookup 631/tcp
step list ctl list
step verify ctl verify --quick
mkdir /etc/portreserve
step compile ctl compile
step compiled ctl check
step half ctl status
step reserve ctl reserve cups 632/tcp
step install ctl install
step checked ctl check
step again ctl compile
step whole ctl status
step covered ctl verify --quick
`);
    const said = (name: string) => `${step(name).stdout}${step(name).stderr}`;
    expect(said("status")).toMatch(/^4 ports reserved by bindresvport\.blacklist · \d+ of /);
    for (const name of ["status", "check", "lookup", "list", "verify"]) {
      expect([name, said(name)]).toEqual([name, expect.stringContaining("portreservectl install")]);
      expect([name, said(name)]).toEqual([name, expect.not.stringMatching(/portreservectl compile|mkdir/)]);
    }
    expect(step("check").status).toBe(0);
    expect(step("lookup").stdout).toMatch(/^631\/tcp {2}not in force {2}bindresvport\.blacklist/);
    expect(step("compile").stdout).toContain(NOT_YET);
    expect(step("compiled").stdout).toContain(NOT_YET);
    expect(said("half")).toContain("not installed → portreservectl install");
    expect(step("reserve").stdout).toContain("run 'portreservectl install' to make it take effect\n");
    // The control: once it is installed, nobody says so.
    for (const name of ["checked", "again", "whole", "covered"]) {
      expect([name, said(name)]).toEqual([name, expect.not.stringMatching(/not in force|portreservectl install/)]);
    }
    expect(step("whole").stdout).toMatch(/^5 ports reserved for 1 service and by bindresvport\.blacklist · /);
  });
});
