// The Ansible role before it reaches a host: what ansible-lint says of it, and what it says of variables that are wrong.
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { ANSIBLE, play } from "./support/playbook.ts";

const noLint = skipReason({ program: "ansible-lint", package: "ansible-lint" });
const noPlay = skipReason(
  { program: "ansible-playbook", package: "ansible-core" },
  { program: "ssh", package: "openssh-client" },
);

/** What ansible-lint says, without its network. */
async function lint(folder: string): Promise<{ readonly status: number; readonly output: string }> {
  const options = ["--offline", "--strict", "--nocolor", "--profile", "production"];
  // It looks for files by git where it finds one.
  const env = { PATH: process.env.PATH, HOME: scratch(), LC_ALL: "C.UTF-8" };
  try {
    const { stdout, stderr } = await promisify(execFile)("ansible-lint", options, { cwd: folder, env });
    return { status: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, output: stdout + stderr };
  }
}

test.skipIf(noLint !== undefined)(
  named("ansible-lint finds nothing in it by its strictest profile", noLint),
  async () => {
    const faulty = scratch();
    writeFileSync(path.join(faulty, "site.yml"), "- hosts: all\n  tasks:\n    - shell: ls\n");
    const [ours, control] = await Promise.all([lint(ANSIBLE), lint(faulty)]);
    expect(ours).toEqual({ status: 0, output: expect.stringContaining("Passed with production profile") });
    expect(control).toEqual({ status: 2, output: expect.stringContaining("fqcn") });
  },
);

/** What is wrong, and what the message says: which variable, what in it, and how it is written. */
const WRONG: Readonly<Record<string, readonly [Readonly<Record<string, unknown>>, readonly string[]]>> = {
  state: [{ portreserve_state: "installed" }, ["value of portreserve_state must be one of: present, absent, purged"]],
  mechanism: [
    { portreserve_mechanisms: ["nfs"] },
    ["value of portreserve_mechanisms must be one or more of: nfs-range,"],
  ],
  owner: [
    { portreserve_reservations: { "cups.conf": ["ipp"] } },
    ["portreserve_reservations: 'cups.conf' cannot be the name of a file in /etc/portreserve", "as in 'cups'"],
  ],
  text: [
    { portreserve_reservations: { cups: "ipp" } },
    ["portreserve_reservations: 'cups' is not a list", "as in 'cups: [ipp]'"],
  ],
  lines: [
    { portreserve_reservations: { cups: [631, "631/sctp", "631 hodl"], mail: ["993, 995"] } },
    [
      "'631/sctp' is not how a port is reserved",
      "'631 hodl' is not",
      "'993, 995' is not",
      "as in 'ipp', '608-610/udp'",
    ],
  ],
  unit: [
    { portreserve_units: ["--now"] },
    ["portreserve_units: '--now' is not the name of a service", "as in 'ypbind'"],
  ],
  package: [
    { portreserve_package: "/srv/portreserve.rpm" },
    ["is neither a .deb nor a tarball of npm", "as in '/srv/"],
  ],
  address: [
    { portreserve_package: "http://example.org/portreserve.deb" },
    ["can be changed on its way; fetch it by https, or set portreserve_package_checksum"],
  ],
  capitals: [{ portreserve_package: "HTTP://example.org/portreserve.deb" }, ["can be changed on its way"]],
  scheme: [{ portreserve_package: "ftp://example.org/portreserve.deb" }, ["can be changed on its way"]],
};
/** What is right, and looks odd. */
const RIGHT = {
  portreserve_package: "http://example.org/portreserve.deb",
  portreserve_package_checksum: "sha256:00",
  portreserve_reservations: {
    cups: ["ipp # printing", 631, "", "# all of it"],
    kerberos: ["kerberos-adm/TCP hold", "krb5_prop/tcp\thold # by root"],
    radius: ["1812-1813/udp  Hold"],
  },
  portreserve_units: ["ypbind", "getty@tty1.service", "dev\\x2dname"],
  portreserve_mechanisms: ["nfs-range", "fixed"],
};

describe.skipIf(noPlay !== undefined)(named("variables", noPlay), () => {
  test("a message says which one is wrong and how it is written, before any host is reached", async () => {
    const folder = scratch();
    const sshConfig = path.join(folder, "ssh");
    writeFileSync(sshConfig, "Host *\n  ProxyCommand false\n");
    const hosts = { ...Object.fromEntries(Object.entries(WRONG).map(([name, [vars]]) => [name, vars])), right: RIGHT };
    // Beside the hosts of the example, whose package is nowhere.
    const options = [
      "--check",
      "-e",
      "portreserve_serial=20",
      "--inventory",
      path.join(ANSIBLE, "inventory.example.yml"),
    ];
    const { failed, recap } = await play({ all: { portreserve_package: "" }, hosts, sshConfig, options });
    for (const [name, [, says]] of Object.entries(WRONG)) {
      for (const words of says) expect([name, failed[name]]).toEqual([name, expect.stringContaining(words)]);
      expect([name, recap[name]?.unreachable]).toEqual([name, 0]);
    }
    // The control: nothing stands in the way of these but the lack of a host.
    for (const name of ["right", "nfs1.example.org", "nis1.example.org", "kdc1.example.org"]) {
      expect([name, failed[name], recap[name]?.failed, recap[name]?.unreachable]).toEqual([
        name,
        expect.stringMatching(/via ssh|over ssh/),
        0,
        1,
      ]);
    }
  });
});
