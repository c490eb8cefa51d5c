// install --root: anybody prepares an image of his own; nothing of it is run, and nothing outside of it is touched.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { HOLDER_FILE } from "../../src/system/paths.ts";
import { scratch } from "../support/cli.ts";
import { abis, ENTRY, HOME, LIST, libraries, library, libraryFolders, treeOf } from "../support/host.ts";
import { giveAway, imageOf, noUnits, run, SYSTEMD, withoutLock } from "./image.ts";

const FOLDER = path.dirname(library);
const LIBC = path.join(path.dirname(FOLDER), "libc.so.6");
const ABIS = abis.length === 1 ? "1 ABI" : `${abis.length} ABIs`;
const PREPARED = `prepared: programs of this system are covered once it runs (${ABIS}; nothing of it was run)\n`;
const WRITTEN = `${libraries.map((file) => `written: '${file}'\n`).join("")}+ 631/tcp+udp
written: '/etc/portreserve.table'
written: '${LIST}'
`;
const HOLDER_WRITTEN = `written: '${HOLDER_FILE}'\n`;

test("is installed into by an ordinary user, and left as it was by uninstall", () => {
  const root = imageOf();
  const before = treeOf(root);
  expect(run("install", "--root", root)).toEqual({
    status: 0,
    stdout: WRITTEN + HOLDER_WRITTEN + PREPARED,
    stderr: noUnits(root),
  });
  const installed = treeOf(root);
  expect(run("install", "--root", root)).toEqual({
    status: 0,
    stdout: `unchanged: everything is in its place\n${PREPARED}`,
    stderr: noUnits(root),
  });
  expect(treeOf(root)).toBe(installed);
  expect(run("uninstall", "--root", root)).toEqual({
    status: 0,
    stdout: `removed: '${LIST}'\n${libraries.map((file) => `removed: '${file}'\n`).join("")}removed: '/etc/portreserve.table'\nremoved: '${HOLDER_FILE}'\n`,
    stderr: "",
  });
  expect(withoutLock(treeOf(root))).toBe(before);
  expect(run("uninstall", "--root", root)).toEqual({
    status: 0,
    stdout: "nothing to remove: portreserve is not installed\n",
    stderr: "",
  });
});

test("says the same as JSON", () => {
  const root = imageOf();
  const install = run("install", "--root", root, "--json");
  expect({ ...install, stdout: JSON.parse(install.stdout) }).toEqual({
    status: 0,
    stderr: "",
    stdout: {
      schemaVersion: 1,
      command: "install",
      outcome: "done",
      exitCode: 0,
      diagnostics: [],
      messages: [
        {
          severity: "note",
          message: "the table will not follow the configuration by itself: this is no system that systemd boots",
          hint: `run 'portreservectl compile --root ${root}' after each change of the configuration`,
        },
      ],
      dryRun: false,
      result: "installed",
      changes: [
        ...libraryFolders.map((folder) => ({ action: "make-folder", path: folder })),
        ...libraries.map((file) => ({ action: "write-file", path: file })),
        { action: "write-table", path: "/etc/portreserve.table" },
        { action: "write-file", path: LIST },
        { action: "make-folder", path: HOME },
        { action: "write-file", path: HOLDER_FILE },
      ],
      abis: abis.map(({ name, lib }) => ({ name, lib })),
      units: [],
      proved: [],
      mechanisms: [],
      restarts: null,
    },
  });
  const uninstall = JSON.parse(run("uninstall", "--root", root, "--json").stdout);
  expect(uninstall).toMatchObject({
    command: "uninstall",
    exitCode: 0,
    result: "uninstalled",
    keptFor: [],
    changes: [
      { action: "remove", path: LIST },
      ...libraries.map((file) => ({ action: "remove", path: file })),
      ...libraryFolders
        .map((folder) => ({ action: "remove-folder", path: folder }))
        .sort((a, b) => b.path.length - a.path.length),
      { action: "remove-table", path: "/etc/portreserve.table" },
      { action: "remove", path: HOLDER_FILE },
      { action: "remove-folder", path: HOME },
    ],
  });
});

test("gets the manager and its units where systemd boots it and it has a node", () => {
  const root = imageOf(SYSTEMD);
  const before = treeOf(root);
  const { status, stdout, stderr } = run("install", "--root", root);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(
    new RegExp(
      `^${WRITTEN.replace(/[+$.]/g, "\\$&")}written: '${HOME}', the manager for portreserve.service\n(written: '/etc/systemd/system/[^']*portreserve[^']*'\n)+${HOLDER_WRITTEN}written: '/etc/systemd/system/portreserve-hold.service'\nprepared: `,
    ),
  );
  expect(run("uninstall", "--root", root)).toMatchObject({ status: 0, stderr: "" });
  // The folder for an administrator's units was not there.
  rmSync(path.join(root, "etc/systemd"), { recursive: true, force: true });
  expect(withoutLock(treeOf(root))).toBe(before);
});

test("says that it lacks a node for the units", () => {
  const root = imageOf({ "usr/lib/systemd/system/some.service": "[Unit]\n" });
  expect(run("install", "--root", root).stderr).toBe(
    `portreservectl: note: the table will not follow the configuration by itself: root's unit needs a node that nobody else can change, and there is none at /usr/bin/node, /usr/local/bin/node, /usr/bin/nodejs
hint: run 'portreservectl compile --root ${root}' after each change of the configuration, or install Node 18.19 or newer in /usr/bin/node and run 'portreservectl install --root ${root}' again
`,
  );
});

/** Made of an image; what is said of it, and with which hint. */
const refused: readonly (readonly [string, (root: string) => void, string, (root: string) => string])[] = [
  [
    "has no loader",
    (root) => {
      for (const { loader } of abis) unlinkSync(root + loader);
    },
    "there is no loader of glibc on this system that this package knows",
    () => "programs of other libraries than glibc never read the preload list; see 'portreservectl help run'",
  ],
  [
    "has a FIFO for a list",
    (root) => spawnSync("mkfifo", [root + LIST]),
    `the preload list '${LIST}' is a FIFO`,
    (root) => `see 'ls -l ${root}${LIST}'`,
  ],
  [
    "has a list that its owner may not read",
    (root) => {
      writeFileSync(root + LIST, `${ENTRY}\n`, { mode: 0 });
      giveAway(root);
    },
    `the preload list '${LIST}' is a file that cannot be read: permission denied`,
    (root) => `see 'ls -l ${root}${LIST}'`,
  ],
  [
    "has a loader of another system",
    (root) => {
      for (const { loader } of abis) {
        unlinkSync(root + loader);
        mkdirSync(`${root}/opt/elsewhere`, { recursive: true });
        writeFileSync(`${root}/opt/elsewhere/ld.so`, "no loader");
        copyFileSync(root + LIBC, `${root}/opt/elsewhere/libc.so.6`);
        symlinkSync("/opt/elsewhere/ld.so", root + loader);
      }
      for (const { loader } of abis.slice(1)) unlinkSync(root + loader);
    },
    `'${abis[0]?.loader}' does not say in which folder it looks for libraries`,
    (root) => `report it, with 'ls -l ${root}${abis[0]?.loader}'`,
  ],
];

describe("an image that", () => {
  test.each(refused)("%s is left alone", (_, spoil, says, hint) => {
    const root = imageOf();
    spoil(root);
    const before = treeOf(root);
    const { status, stdout, stderr } = run("install", "--root", root);
    expect({ status, stdout, first: stderr.split("\n").slice(0, 2) }).toEqual({
      status: 5,
      stdout: "",
      first: [expect.stringContaining(`portreservectl: error: ${says}`), `hint: ${hint(root)}`],
    });
    expect(treeOf(root)).toBe(before);
  });

  test("has a libc that is a link is judged by the one inside of it", () => {
    const root = imageOf();
    const inside = root + LIBC;
    // On the host this leads to a libc that fits; in the image it leads nowhere.
    unlinkSync(inside);
    symlinkSync(LIBC.replace(/^\/usr/, "/usr/../usr"), inside);
    expect(run("install", "--root", root)).toMatchObject({
      status: 5,
      stderr: expect.stringContaining(`there is no libc.so.6 beside '${abis[0]?.loader}'`),
    });
  });
});

test("--root of a folder that is not there is an error, and nothing is made", () => {
  const root = path.join(scratch(), "image");
  expect(run("install", "--root", root)).toEqual({
    status: 3,
    stdout: "",
    stderr: `portreservectl: error: cannot use '${root}' as the root: no such file or directory\n`,
  });
});
