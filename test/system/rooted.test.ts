// Links under --root: how many are followed, and that '..' never leaves the root.
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { commandLine, hostPath } from "../../src/system/command-text.ts";
import { openRoot, resolveUnder } from "../../src/system/files/rooted.ts";
import { scratch } from "../support/cli.ts";

function rootWith(links: Readonly<Record<string, string>>): string {
  const root = scratch();
  mkdirSync(path.join(root, "etc/deep"), { recursive: true });
  for (const [name, target] of Object.entries(links)) symlinkSync(target, path.join(root, name));
  return root;
}

describe("a link", () => {
  test.each([
    ["is followed from its own folder", "neighbour"],
    ["is followed through '..'", "../deep/./neighbour"],
    ["that climbs above the root stays in it", "../../../../../../etc/deep/neighbour"],
    ["that is absolute begins at the root again", "/etc/deep/neighbour"],
    ["that is absolute and climbs stays in it", "/../../etc/deep/neighbour"],
  ])("%s", (_, target) => {
    const root = rootWith({ "etc/deep/link": target });
    expect(String(resolveUnder(root, "/etc/deep/link"))).toBe(`${root}/etc/deep/neighbour`);
  });

  test("is no place to go back from: '..' behind it goes up from where it leads", () => {
    const root = rootWith({ up: "etc/deep" });
    expect(String(resolveUnder(root, "/up/../file"))).toBe(`${root}/etc/file`);
  });

  test("is followed 40 times and no more, as the kernel does it", () => {
    const chain = (length: number): string =>
      rootWith(Object.fromEntries(Array.from({ length }, (_, at) => [`l${at}`, `l${at + 1}`])));
    const root = chain(40);
    expect(String(resolveUnder(root, "/l0"))).toBe(`${root}/l40`);
    expect(() => resolveUnder(chain(41), "/l0")).toThrow("ELOOP");
  });
});

describe("what is not there", () => {
  const found = (file: string): string => String(resolveUnder("/", file));

  test("is in the folder that the links on its way lead to, on the host as in an image", () => {
    const host = scratch();
    mkdirSync(path.join(host, "real"));
    symlinkSync("real", path.join(host, "link"));
    symlinkSync("link/nothing", path.join(host, "dangling"));
    writeFileSync(path.join(host, "file"), "");
    const real = path.join(realpathSync(host), "real");
    expect(found(`${host}/link/new`)).toBe(`${real}/new`);
    expect(found(`${host}/link/no/such`)).toBe(`${real}/no/such`);
    expect(found(`${host}/dangling`)).toBe(`${real}/nothing`);
    expect(found(`${host}/link/../new`)).toBe(`${path.dirname(real)}/new`);
    expect(found(`${host}/link/new/`)).toBe(`${real}/new`);
    expect(found("/no-such-file-at-all")).toBe("/no-such-file-at-all");
    expect(() => found(`${host}/file/new`)).toThrow(/ENOTDIR/);
  });
});

test("a root without a name is a usage error, not the current folder", () => {
  expect(() => openRoot("")).toThrow(
    expect.objectContaining({ code: "usage", message: "'--root' names no folder", hint: "write --root FOLDER" }),
  );
});

test("what hints suggest acts on the root, and survives a shell", () => {
  expect(commandLine("/", "compile")).toBe("portreservectl compile");
  expect(commandLine("/srv/image", "compile")).toBe("portreservectl compile --root /srv/image");
  expect(commandLine("/srv/it's one", "list")).toBe(`portreservectl list --root '/srv/it'"'"'s one'`);
  expect(hostPath("/", "/etc/x")).toBe("/etc/x");
  expect(hostPath("/srv/my image", "/etc/x")).toBe("'/srv/my image/etc/x'");
});
