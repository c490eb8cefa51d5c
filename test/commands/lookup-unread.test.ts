// lookup of a name where what would tell is not readable: it never says that there is no such owner.
import { chmodSync, mkdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { asNobody, compiled, ctl, FILES, makeRoot, put, SERVICES } from "../support/cli.ts";

const under = asNobody;
const noRoot = skipReason("root");
const CHECK = (root: string): string => `hint: 'portreservectl check --root ${root}' shows what is wrong\n`;

describe.skipIf(noRoot !== undefined)(named("as another user than the files'", noRoot), () => {
  test("the folder of mode 0711: a name has no answer, exit code 4; a number has one, with a warning", () => {
    const root = compiled();
    expect(ctl(["lookup", "mail", "--root", root], { under }).status).toBe(0);
    chmodSync(path.join(root, "etc/portreserve"), 0o711);
    for (const name of ["mail", "no-such", "ipp"]) {
      expect(ctl(["lookup", name, "--root", root], { under })).toEqual({
        status: 4,
        stdout: "",
        stderr:
          `portreservectl: error: whether '${name}' is an owner is not known: ` +
          "cannot read the folder '/etc/portreserve': permission denied\nhint: run it with sudo\n",
      });
    }
    const { status, stdout, stderr } = ctl(["lookup", "993/tcp", "--root", root], { under });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "993/tcp  reserved\n" });
    expect(stderr).toContain("owners and lines are not known");
  });

  test("one file of mode 0600: only its name has no answer", () => {
    const root = compiled();
    chmodSync(path.join(root, "etc/portreserve/mail"), 0o600);
    const { status, stderr } = ctl(["lookup", "mail", "--root", root], { under });
    expect(status).toBe(4);
    expect(stderr).toMatch(
      /^portreservectl: error: whether 'mail' reserves anything is not known: '\/etc\/portreserve\/mail': cannot read it: permission denied/,
    );
    expect(ctl(["lookup", "cups", "--root", root], { under })).toMatchObject({ status: 0, stderr: "" });
    expect(ctl(["lookup", "993/tcp", "--root", root], { under })).toMatchObject({
      status: 0,
      stderr: expect.stringContaining("not looked up: 1 rejected line or file\n"),
    });
    expect(ctl(["lookup", "no-such", "--root", root], { under }).status).toBe(2);
  });
});

test("an owner's file that is a folder, and a services file that is one: no answer, exit code 3", () => {
  const root = makeRoot({ "etc/services/": "", "etc/portreserve/cups": "631\n" });
  mkdirSync(path.join(root, "etc/portreserve/mail"));
  expect(ctl(["lookup", "mail", "--root", root])).toMatchObject({
    status: 3,
    stderr: expect.stringContaining("whether 'mail' reserves anything is not known: '/etc/portreserve/mail': "),
  });
  expect(ctl(["lookup", "own-name", "--root", root])).toMatchObject({
    status: 3,
    stderr: expect.stringContaining("whether 'own-name' is a service is not known: '/etc/services': "),
  });
});

test("says that a line of the owner's file is rejected, and of no other's", () => {
  const root = compiled({ ...FILES, "etc/services": SERVICES, "etc/portreserve/mail": "imaps/tcp\nsmpt\n" });
  expect(ctl(["lookup", "mail", "--root", root])).toEqual({
    status: 0,
    stdout: "993/tcp  reserved  mail  /etc/portreserve/mail:1\n",
    stderr: `portreservectl: warning: not looked up: 1 rejected line or file\n${CHECK(root)}`,
  });
  expect(ctl(["lookup", "cups", "--root", root]).stderr).toBe("");
  put(root, "etc/portreserve/mail", "smpt\n");
  const { stdout, stderr } = ctl(["lookup", "mail", "--root", root]);
  expect(stdout).toBe("'mail' reserves nothing\n");
  expect(stderr).toContain("not looked up: 1 rejected line or file\n");
});
