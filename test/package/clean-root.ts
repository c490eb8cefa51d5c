// A minimal Debian root, made once and kept in .cache: no compiler, no npm registry, nothing of the project.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "../../src/core/native.ts";
import { skipReason } from "../support/can.ts";
import { type Ran, scratch } from "../support/cli.ts";
import { noSandbox } from "../support/sandbox.ts";

const setting = (name: string): string =>
  new RegExp(`^${name}="?([^"\n]*)`, "m").exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "";
/** This machine's own release, since this machine's Node has to run in it. */
const suite = setting("VERSION_CODENAME");
const root = path.join(packageRoot, ".cache", "roots", `${suite}-minbase`);

const npm = path.resolve(path.dirname(process.execPath), "../lib/node_modules/npm");
const SHARED = [process.execPath, "/usr/local/bin/node", npm, "/opt/npm"] as const;
const NPM = `#!/bin/sh\nexec node /opt/npm/bin/npm-cli.js "$@"\n`;

/** Undefined where such a root can be had, else why not; an error where everything is required. Makes it when it is not there yet (half a minute). */
export async function noCleanRoot(): Promise<string | undefined> {
  const lacking =
    skipReason(
      "root",
      { program: "mmdebstrap", package: "mmdebstrap" },
      { program: "unshare", package: "util-linux" },
    ) ?? (await noSandbox());
  if (lacking !== undefined) return lacking;
  const reason = fault();
  if (reason !== undefined && process.env.PORTRESERVE_REQUIRE_ALL === "1") {
    throw new Error(`PORTRESERVE_REQUIRE_ALL=1, but ${reason}`);
  }
  return reason;
}

function fault(): string | undefined {
  if (!existsSync(path.join(npm, "bin/npm-cli.js"))) return "there is no npm beside this Node";
  if (!existsSync(root)) {
    const failure = makeRoot();
    if (failure !== undefined) return failure;
  }
  const { stdout, stderr } = inRoot("node --version && npm --version >/dev/null && echo works");
  return stdout === `${process.version}\nworks\n` ? undefined : `this Node does not run in a minimal root: ${stderr}`;
}

function makeRoot(): string | undefined {
  mkdirSync(path.dirname(root), { recursive: true });
  const fresh = mkdtempSync(`${root}.`);
  // What this machine installs from, so that a mirror that it needs is used here too.
  const sources = spawnSync("apt-get", ["indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)"], {
    encoding: "utf8",
  }).stdout;
  const mirror = sources
    .split("\n")
    .find((line) => line.startsWith(`${suite} main `))
    ?.split(" ")[2];
  const { status, stderr } = spawnSync(
    "mmdebstrap",
    [
      ...["--quiet", "--variant=minbase", "--mode=root", "--dpkgopt=force-unsafe-io"],
      ...["doc", "man", "locale"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
      ...[suite, fresh, ...(mirror === undefined ? [] : [mirror])],
    ],
    { cwd: "/", encoding: "utf8" },
  );
  if (status === 0 && !existsSync(root)) renameSync(fresh, root);
  rmSync(fresh, { recursive: true, force: true });
  return status === 0
    ? undefined
    : `mmdebstrap could not make a root of '${suite}': ${stderr.trim().split("\n").at(-1)}`;
}

/** Runs a script as root in there, with Node and npm; `files` are the host's, by where they are seen. */
export function inRoot(script: string, files: Readonly<Record<string, string>> = {}): Ran {
  const shared = [...SHARED, ...Object.entries(files).flatMap(([seen, file]) => [file, seen])];
  const prelude = `printf '%s' '${NPM}' > /usr/local/bin/npm; chmod 755 /usr/local/bin/npm\n`;
  const { status, stdout, stderr } = spawnSync(
    "unshare",
    [
      ...["--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child", "--propagation", "private"],
      ...["sh", path.join(import.meta.dirname, "clean-root.sh"), root, scratch(), prelude + script, ...shared],
    ],
    { cwd: "/", encoding: "utf8", timeout: 50_000 },
  );
  return { status, stdout, stderr };
}
