// The package's own sh takes the shim out of the preload list as the manager does: for when Node has gone before the package.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { withoutEntry } from "../../src/core/preload-list/without-entry.ts";
import { INSTALLED_SHIM } from "../../src/system/paths.ts";
import { named, skipReason } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { debMade } from "./debs.ts";
import { type Arch, notPrebuilt } from "./prebuilt.ts";

const arch: Arch = process.arch === "arm64" ? "arm64" : "x64";
const reason = notPrebuilt(arch) ?? skipReason({ program: "dpkg-deb", package: "dpkg" });
const E = INSTALLED_SHIM;
const OTHER = "/usr/lib/libeatmydata.so";

let prerm = "";
beforeAll(() => {
  if (reason !== undefined) return;
  const folder = path.join(scratch(), "control");
  spawnSync("dpkg-deb", ["--control", debMade({ arch }), folder]);
  prerm = path.join(folder, "prerm");
});

/** Runs a function of prerm with another list than the host's. Without an argument the script itself does nothing. */
function played(list: string, call: string): { readonly status: number | null; readonly stderr: string } {
  const script = `set --; . '${prerm}'; list='${list}'; ${call}`;
  const { status, stderr } = spawnSync("sh", ["-c", script], { encoding: "utf8" });
  return { status, stderr };
}

function listWith(text: string): string {
  const list = path.join(scratch(), "ld.so.preload");
  writeFileSync(list, text);
  return list;
}

describe.skipIf(reason !== undefined)(named("the preload list", reason), () => {
  test.each([
    [`${E}\n`],
    [`${OTHER}\n${E}\n`],
    [`${E}\n${OTHER}\n`],
    [`${OTHER}\n${E}\n/lib/another.so\n`],
    [`${OTHER}\n\n${E}\n`],
  ])("without the shim is what the manager makes of %j", (text) => {
    const list = listWith(text);
    expect(played(list, "listed")).toEqual({ status: 0, stderr: "" });
    expect(played(list, "unlist")).toEqual({ status: 0, stderr: "" });
    const wanted = withoutEntry(Buffer.from(text), E);
    expect(existsSync(list)).toBe(wanted !== undefined);
    if (wanted !== undefined) expect(readFileSync(list, "utf8")).toBe(Buffer.from(wanted).toString());
  });

  test.each([
    [`${OTHER} ${E}\n`, [OTHER]],
    [`${E}:${OTHER}:${E}\n`, [OTHER]],
    [`${OTHER}\t${E}\t/lib/another.so\n`, [OTHER, "/lib/another.so"]],
    [`:::${E}\n${OTHER}\n`, [OTHER]],
    [`${E} ${E}\n${OTHER}\n`, [OTHER]],
  ])("keeps what else is in a line of %j", (text, rest) => {
    const list = listWith(text);
    expect(played(list, "unlist")).toEqual({ status: 0, stderr: "" });
    expect(
      readFileSync(list, "utf8")
        .split(/[ \t:\n]+/)
        .filter((word) => word !== ""),
    ).toEqual(rest);
  });

  test("is not touched where it has only names that are alike (control)", () => {
    const text = `${E}.old\n/x${E}\n${OTHER}\n`;
    const list = listWith(text);
    expect(played(list, "listed").status).toBe(1);
    expect(played(list, "unlist")).toEqual({ status: 0, stderr: "" });
    expect(readFileSync(list, "utf8")).toBe(text);
  });

  test("keeps its mode, and is replaced where a link leads", () => {
    const list = listWith(`${OTHER}\n${E}\n`);
    chmodSync(list, 0o664);
    const link = path.join(scratch(), "link");
    symlinkSync(list, link);
    expect(played(link, "unlist")).toEqual({ status: 0, stderr: "" });
    expect(readFileSync(list, "utf8")).toBe(`${OTHER}\n`);
    expect(statSync(list).mode & 0o777).toBe(0o664);
  });
});

describe("metrics in a folder of another user's", () => {
  const REMOVAL = path.join(packageRoot, "scripts/package/sh/removal.sh");
  const OURS = "# HELP portreserve_build_info The version.\nportreserve_build_info 1\n";
  const makes = {
    ours: (file: string) => writeFileSync(file, OURS),
    theirs: (file: string) => writeFileSync(file, "# HELP node_load1 1m.\n"),
    "a link to ours": (file: string) => {
      writeFileSync(`${file}.other`, OURS);
      symlinkSync(`${file}.other`, file);
    },
    "a FIFO": (file: string) => spawnSync("mkfifo", [file]),
    "a line without an end": (file: string) => {
      writeFileSync(file, OURS.slice(0, 10));
      truncateSync(file, 2 ** 40);
    },
  };
  const made = (name: string, make: (file: string) => unknown): string => {
    const file = path.join(scratch(), name.replaceAll(" ", "-"));
    make(file);
    return file;
  };

  test.each(Object.entries(makes))("%s: gone where they are ours, and nothing else is waited for", (name, make) => {
    const file = made(name, make);
    const script = `set -e; . '${REMOVAL}'; remove_metrics '${file}'`;
    const { status, stderr } = spawnSync("sh", ["-c", script], { encoding: "utf8", timeout: 20_000 });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(lstatSync(file, { throwIfNoEntry: false }) === undefined).toBe(name === "ours");
  });

  test.each(["a FIFO", "a line without an end"] as const)("%s, read by its first line (control): waits", (name) => {
    const file = made(name, makes[name]);
    const first = `timeout 1 head -n 1 '${file}' | grep -q ^x; exit "\${PIPESTATUS[0]}"`;
    expect(spawnSync("bash", ["-c", first], { timeout: 20_000 }).status).toBe(124);
  });
});
