// A disk that is a machine's own: a copy of a release's root that keeps what is written to it, from one boot to the next.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Disk } from "./disks.ts";
import { COMMAND, PROJECT, projectFiles } from "./project.ts";
import { STAGE_PREFIX } from "./support.ts";

export interface OwnDisk {
  readonly image: string;
  /** Puts more files of root's there. No machine must be running from it. */
  readonly write: (files: Files) => void;
  readonly remove: () => void;
}

/** Their content by their path. */
export type Files = Readonly<Record<string, Uint8Array | string>>;

/** The release's, with a journal, as hosts have it, and with more files. No machine must run from it; nothing is mounted here. */
export function ownDisk(disk: Disk, files: Files = {}): OwnDisk {
  return made(disk.image, (folder, image) => {
    tool("tune2fs", ["-j", image]);
    const project = Object.entries(projectFiles()).map(
      ([name, from]) => [`${PROJECT}/${name}`, readFileSync(from)] as const,
    );
    put(folder, image, Object.fromEntries([...project, [COMMAND.file, COMMAND.text]]), 0o755);
    put(folder, image, files);
  });
}

/** Another one with the same content. No machine must run from either. */
export function copyOf({ image }: OwnDisk): OwnDisk {
  return made(image, () => undefined);
}

function made(from: string, change: (folder: string, image: string) => void): OwnDisk {
  const folder = mkdtempSync(path.join(tmpdir(), `${STAGE_PREFIX}${process.pid}-disk-`));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const image = path.join(folder, "root.img");
    tool("cp", ["--sparse=always", from, image]);
    change(folder, image);
    return { image, write: (files) => put(folder, image, files), remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Writes files of root's into an image, and what folders they need. */
function put(folder: string, image: string, files: Files, mode = 0o644): void {
  const at = path.join(folder, "file");
  const names = Object.keys(files);
  if (names.length === 0) return;
  const parents = [...new Set(names.flatMap((name) => parentsOf(name)))].sort();
  debugfs(image, ...parents.map((parent) => `mkdir ${parent}`));
  for (const name of names) {
    const content = Buffer.from(files[name] ?? "");
    writeFileSync(at, content);
    chmodSync(at, mode);
    // What is not there cannot be removed, and debugfs goes on.
    debugfs(image, `rm ${name}`, `write ${at} ${name}`, `dump ${name} ${at}.back`);
    if (!readFileSync(`${at}.back`).equals(content)) throw new Error(`debugfs has not written ${name} into ${image}`);
    rmSync(`${at}.back`);
  }
  rmSync(at);
}

/** The folders of an absolute path, the root apart. */
function parentsOf(file: string): readonly string[] {
  const parent = path.dirname(file);
  return parent === "/" ? [] : [...parentsOf(parent), parent];
}

function debugfs(image: string, ...requests: readonly string[]): void {
  tool("debugfs", ["-w", "-f", "-", image], `${requests.join("\n")}\n`);
}

function tool(name: string, args: readonly string[], input = ""): void {
  const ran = spawnSync(name, args, {
    encoding: "utf8",
    env: { PATH: "/usr/sbin:/sbin:/usr/bin:/bin", LC_ALL: "C" },
    input,
  });
  if (ran.status !== 0) throw new Error(`${name}: ${ran.stderr}${ran.error ?? ""}`);
}
