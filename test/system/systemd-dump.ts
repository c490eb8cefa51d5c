// What systemd itself reads out of unit files: its manager in test mode loads them and prints what it understood.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export const MANAGER = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"].find((file) => existsSync(file));

export interface Dumped {
  readonly environment: readonly string[];
  readonly environmentFiles: readonly string[];
  readonly unsetEnvironment: readonly string[];
  readonly passEnvironment: readonly string[];
  readonly rootDirectory: string;
  readonly user: string | undefined;
}

/** The drop-ins of one unit, as the manager reads them; `folders` of units below the temporary one, what wins first. */
export function dumpDropIns(unit: string, files: readonly string[], folders: readonly string[]): string[] {
  const empty = Object.fromEntries(files.map((file) => [file, ""]));
  const service = "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/true\n";
  const first = `${folders[0]}/${unit.replace(/@.*\./, "@.")}`;
  const target = `[Unit]\nDefaultDependencies=no\nWants=${unit}\n`;
  return inFolder({ ...empty, [first]: service, [`${folders[0]}/all.target`]: target }, (folder) => {
    const output = manager(folder, folders.map((name) => path.join(folder, name)).join(":"));
    const text = output.split(/^\t-> Unit /m).find((part) => part.startsWith(`${unit}:\n`)) ?? "";
    return [...text.matchAll(/^\t\tDropIn Path: (.*)$/gm)].map((match) => path.relative(folder, match[1] ?? ""));
  });
}

/** `files`: contents by path below a folder of units. Values with a line feed are beyond the manager's format. */
export function dumpUnits(files: Readonly<Record<string, string | Uint8Array>>): ReadonlyMap<string, Dumped> {
  return inFolder(files, (folder) => {
    const services = Object.keys(files).filter((name) => !name.includes("/") && name.endsWith(".service"));
    writeFileSync(
      path.join(folder, "all.target"),
      `[Unit]\nDefaultDependencies=no\nWants=${services.map((name) => name.replaceAll("\\", "\\\\")).join(" ")}\n`,
    );
    const output = manager(folder);
    const units = output.split(/^\t-> Unit /m).slice(1);
    return new Map(units.map((text) => [text.slice(0, text.indexOf(":\n")), dumped(text)]));
  });
}

function dumped(text: string): Dumped {
  const all = (name: string): string[] =>
    [...text.matchAll(new RegExp(`^\t\t${name}: ([^\n]*)$`, "gm"))].map((match) => match[1] ?? "");
  return {
    environment: all("Environment"),
    environmentFiles: all("EnvironmentFile"),
    unsetEnvironment: all("UnsetEnvironment"),
    passEnvironment: all("PassEnvironment"),
    rootDirectory: all("RootDirectory")[0] ?? "",
    user: all("User")[0],
  };
}

/** It refuses to run as root. */
function manager(folder: string, search = folder): string {
  const drop = process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
  const [command = "", ...args] = [...drop, MANAGER ?? "", "--test", "--system", "--unit=all.target"];
  const run = spawnSync(command, args, {
    env: {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      HOME: folder,
      LC_ALL: "C",
      SYSTEMD_COLORS: "0",
      SYSTEMD_UNIT_PATH: search,
    },
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (!run.stdout.includes("-> Unit all.target:")) throw new Error(`systemd --test failed:\n${run.stderr}`);
  return run.stdout;
}

/** Runs `work` with a temporary folder that holds the files, readable by everybody. */
export function inFolder<T>(files: Readonly<Record<string, string | Uint8Array>>, work: (folder: string) => T): T {
  const folder = mkdtempSync(path.join(tmpdir(), "portreserve-units-"));
  try {
    chmodSync(folder, 0o755);
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(path.join(folder, path.dirname(name)), { recursive: true });
      writeFileSync(path.join(folder, name), content);
    }
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
