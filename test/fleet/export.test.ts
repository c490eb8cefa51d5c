// portreservectl export: what is in an archive, that it is the same each time, and what is refused. No root is needed.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { tarBytes } from "../../src/core/export/tar.ts";
import { native, nativeFolder } from "../../src/core/native.ts";
import { named, skipReason } from "../support/can.ts";
import { ctl, FILES, makeRoot, scratch } from "../support/cli.ts";
import { schemaFaults } from "../support/schema.ts";
import { filesIn } from "./support/export.ts";

const HELD = { ...FILES, "etc/portreserve/radius": "1812/udp hold\n" };
const [arch, abis] = process.arch === "arm64" ? ["aarch64", ["aarch64"]] : ["x86_64", ["x86_64", "i386"]];
const has32 = existsSync(path.join(nativeFolder(), "libportreserve-i386.so"));
const built = abis.filter((abi) => abi !== "i386" || has32);

const make = (file: string, files: Parameters<typeof makeRoot>[0] = HELD, ...more: readonly string[]) =>
  ctl(["export", file, "--root", makeRoot(files), ...more]);
const made = (files?: Parameters<typeof makeRoot>[0]): string => {
  const file = path.join(scratch(), "a.tar.gz");
  expect(make(file, files)).toMatchObject({ status: 0, stderr: "" });
  return file;
};
const part = (name: string): Buffer => readFileSync(path.join(nativeFolder(), name));

test("an archive has the table, each shim and probe, the holder, the files of reservations, their sums and the script", () => {
  const archive = made();
  const files = new Map(filesIn(archive).map((file) => [file.path, Buffer.from(file.bytes)]));
  expect([...files.keys()]).toEqual([
    "SHA256SUMS",
    ...built.map((abi) => `files/libportreserve-${abi}.so`).sort(),
    ...["cups", "dual", "mail", "radius"].map((owner) => `files/owners/${owner}`),
    ...["portreserve-hold", "portreserve-hold.service"].map((name) => `files/${name}`),
    ...["portreserve-probe", ...(has32 ? ["portreserve-probe-i386"] : [])].map((name) => `files/${name}`),
    ...["files/portreserve.hold", "files/portreserve.table", "setup"],
  ]);
  const decoded = native().decodeTable(files.get("files/portreserve.table") ?? Buffer.alloc(0));
  expect(decoded).toMatchObject({ table: { generation: 1n, retired: false, tcp: [631, 993], udp: [631] } });
  expect(files.get("files/portreserve.hold")?.toString()).toBe("portreserve-hold 1\nhold udp 1812\nend 1\n");
  expect(files.get("files/owners/cups")?.toString()).toBe("ipp # printing\n");
  expect(files.get(`files/libportreserve-${arch}.so`)?.equals(part("libportreserve.so"))).toBe(true);
  expect(files.get("files/portreserve-hold")?.equals(part("portreserve-hold"))).toBe(true);
  const folder = scratch();
  execFileSync("tar", ["-xzf", archive, "-C", folder]);
  const sums = ["--strict", "--quiet", "-c", "SHA256SUMS"];
  expect(spawnSync("sha256sum", sums, { cwd: path.join(folder, "portreserve"), encoding: "utf8" })).toMatchObject({
    status: 0,
    stdout: "",
    stderr: "",
  });
});

test("everything in it is root's, and nobody else may write it", () => {
  const lines = execFileSync("tar", ["-tvzf", made(), "--numeric-owner"], { encoding: "utf8" }).trimEnd().split("\n");
  expect(lines.length).toBeGreaterThan(10);
  expect(
    lines.filter((line) => !/^(?:d|-)rw[x-]r-[x-]r-[x-] 0\/0 .* 1980-01-01 00:00 portreserve\//.test(line)),
  ).toEqual([]);
  expect(lines.filter((line) => line.startsWith("-rwx")).map((line) => line.split("/").at(-1))).toEqual([
    ...["portreserve-hold", "portreserve-probe", ...(has32 ? ["portreserve-probe-i386"] : [])],
    "setup",
  ]);
});

test("where nothing is held there is nothing of the holder", () => {
  expect(filesIn(made(FILES)).filter((file) => /hold/.test(file.path))).toEqual([]);
});

test("equal configurations give equal bytes, and SOURCE_DATE_EPOCH is the time of each file", () => {
  const first = readFileSync(made());
  expect(readFileSync(made({ ...HELD, "etc/portreserve/.hidden": "1\n" })).equals(first)).toBe(true);
  // The control.
  expect(readFileSync(made({ ...HELD, "etc/portreserve/more": "700\n" })).equals(first)).toBe(false);
  const file = path.join(scratch(), "dated.tar.gz");
  expect(ctl(["export", file, "--root", makeRoot(HELD)], { env: { SOURCE_DATE_EPOCH: "1700000000" } }).status).toBe(0);
  expect(execFileSync("tar", ["-tvzf", file], { encoding: "utf8", env: { TZ: "UTC" } })).toContain(
    " 2023-11-14 22:13 ",
  );
});

test("says what it has written, and what to do with it; a dry run writes nothing; the document is as its schema says", () => {
  const file = path.join(scratch(), "for hosts.tar.gz");
  const dry = make(file, HELD, "--dry-run");
  expect(dry).toMatchObject({ status: 0, stderr: "" });
  const words = `'${file}', \\d+ bytes, for ${built.join(" and ")}: 2 tcp and 1 udp ports, 1 held and 0 blocked ports
on each host, with the archive copied there:
  sudo tar -xzf 'for hosts\\.tar\\.gz' -C /root && sudo sh /root/portreserve/setup install
$`;
  expect(dry.stdout).toMatch(new RegExp(`^would write: ${words}`));
  expect(existsSync(file)).toBe(false);
  expect(make(file).stdout).toMatch(new RegExp(`^written: ${words}`));
  const { stdout } = make(file, HELD, "--json");
  const document = JSON.parse(stdout);
  expect(schemaFaults("export", document)).toEqual([]);
  expect(document).toMatchObject({
    result: "written",
    file,
    architecture: arch,
    abis: built,
    tcp: [631, 993],
    udp: [631],
  });
  expect(document.held).toEqual([{ kind: "hold", port: 1812, protocol: "udp" }]);
  expect(document.size).toBe(readFileSync(file).length);
});

test("what is wrong in the configuration is left out and said, and the rest is in the archive", () => {
  const file = path.join(scratch(), "a.tar.gz");
  const ran = make(file, { ...FILES, "etc/portreserve/bad": "nonsense\n", "etc/portreserve/two words": "700\n" });
  expect(ran.status).toBe(1);
  expect(ran.stderr).toContain("/etc/portreserve/bad:1:1: unknown service 'nonsense'");
  expect(ran.stderr).toContain("warning: left out: 1 rejected line or file\n");
  expect(ran.stderr).toContain("note: the table has the ports of 'two words', but the archive not the file");
  const files = filesIn(file);
  expect(files.map((one) => one.path)).not.toContain("files/owners/two words");
  const table = files.find((one) => one.path === "files/portreserve.table")?.bytes ?? new Uint8Array();
  expect(native().decodeTable(table)).toMatchObject({ table: { tcp: [631, 700, 993] } });
});

test.each([
  ["there is no folder", { "etc/services": "" }, 3, "there is no folder '/etc/portreserve'"],
  [
    "hardly any port would be left",
    { ...FILES, "etc/portreserve/all": "600-1020\n" },
    5,
    "programs need at least 32; no archive was made",
  ],
] as const)("is refused where %s", (_, files, status, words) => {
  const file = path.join(scratch(), "a.tar.gz");
  const ran = make(file, files);
  expect(ran).toMatchObject({ status, stdout: "" });
  expect(ran.stderr).toContain(words);
  expect(existsSync(file)).toBe(false);
});

test("a link, a folder and a file in no folder are refused, and so are words that make no sense", () => {
  const folder = scratch();
  writeFileSync(path.join(folder, "mine"), "mine");
  symlinkSync("mine", path.join(folder, "link"));
  mkdirSync(path.join(folder, "folder"));
  const root = makeRoot(FILES);
  const fails = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    ctl(["export", ...args, "--root", root], { env });
  expect(fails([path.join(folder, "link")])).toMatchObject({ status: 5, stdout: "" });
  expect(readFileSync(path.join(folder, "mine"), "utf8")).toBe("mine");
  expect(fails([path.join(folder, "folder")])).toMatchObject({ status: 5, stdout: "" });
  expect(fails([path.join(folder, "none/a.tar.gz")])).toMatchObject({ status: 3, stdout: "" });
  expect(fails([""])).toMatchObject({ status: 2, stderr: expect.stringContaining("the archive has no name") });
  expect(fails([])).toMatchObject({ status: 2, stdout: "" });
  expect(fails([path.join(folder, "a")], { SOURCE_DATE_EPOCH: "now" })).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("SOURCE_DATE_EPOCH is 'now'"),
  });
  expect(existsSync(path.join(folder, "a"))).toBe(false);
});

test("a tar archive is what tar reads, and has no name that it cannot say", () => {
  const entries = [
    { path: "folder", mode: 0o755 },
    { path: "folder/file", mode: 0o640, bytes: Buffer.from("some") },
  ];
  const read = (...args: readonly string[]) =>
    execFileSync("tar", args, { input: tarBytes(entries, 1e9), encoding: "utf8" });
  expect(read("-t")).toBe("folder/\nfolder/file\n");
  expect(read("-xO", "folder/file")).toBe("some");
  expect(() => tarBytes([{ path: "x".repeat(101), mode: 0 }], 0)).toThrow(RangeError);
  expect(() => tarBytes([{ path: "é", mode: 0 }], 0)).toThrow(RangeError);
});

const noShellcheck = skipReason({ program: "shellcheck", package: "shellcheck" });
test.skipIf(noShellcheck !== undefined)(named("shellcheck has nothing to say of the script", noShellcheck), () => {
  const setup = Buffer.from(filesIn(made()).find(({ path: name }) => name === "setup")?.bytes ?? []).toString();
  const check = (text: string) => spawnSync("shellcheck", ["-"], { input: text, encoding: "utf8" }).stdout;
  expect(check(setup)).toBe("");
  // The control.
  expect(check("#!/bin/sh\nrm -rf $unquoted/*\n")).toContain("SC2086");
});

test("the script runs nothing of its caller's PATH, whatever variables say; what a word says that only a caller gives, does (control)", () => {
  const folder = scratch();
  execFileSync("tar", ["-xzf", made(), "-C", folder]);
  const evil = path.join(folder, "evil");
  mkdirSync(evil);
  writeFileSync(path.join(evil, "dirname"), `#!/bin/sh\necho ran >'${evil}/ran'\nexec /usr/bin/dirname "$@"\n`, {
    mode: 0o755,
  });
  const ran = (...words: readonly string[]): boolean => {
    const env = { PATH: `${evil}:${process.env.PATH}`, PORTRESERVE_SETUP: "clean", LC_ALL: "C" };
    const { status } = spawnSync("sh", [path.join(folder, "portreserve/setup"), ...words], { env });
    expect(status).toBe(2);
    return existsSync(path.join(evil, "ran"));
  };
  expect([ran("look"), ran("--clean", "look")]).toEqual([false, true]);
});
