// Machines as Debian installs them with what the README names, and HEAD in somebody's home, whose commands run there.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "../../../src/core/native.ts";
import { skipFor } from "../../support/can.ts";
import { type Ran, scratch } from "../../support/cli.ts";
import { type Promised, promisedBy } from "../../support/readme.ts";
import { debianRoot, noDebianRoot } from "../../support/roots/debian.ts";
import { inRoot } from "../../support/roots/enter.ts";
import { nodeLayer, noNode } from "../../support/roots/node.ts";
import { cached, makeOnce } from "../../support/roots/once.ts";
import { type Steps, stepsOf } from "../../support/steps.ts";

export interface Release {
  readonly suite: string;
  /** Where Node and npm come from: Debian's own packages, or the registry. */
  readonly node: "debian" | { readonly node: string; readonly npm: string };
}

export interface FreshMachine {
  readonly layers: readonly string[];
  /** A clone of HEAD. */
  readonly checkout: string;
  readonly promised: Promised;
  /** Why it cannot be had here. */
  readonly reason: string | undefined;
}

/** Who runs the commands: root in /root, or somebody in a home that nobody else may enter. */
export type Newcomer = "root" | "newcomer";

/** Minutes until a command is killed. */
export interface Command {
  readonly name: string;
  readonly command: string;
  readonly minutes: number;
}

/** Makes and fetches what is not there yet: minutes, most of them for Debian's own npm. An error where everything is required. */
export async function freshMachine({ suite, node }: Release): Promise<FreshMachine> {
  const checkout = cloned();
  const promised = promisedBy(readFileSync(path.join(checkout, "README.md"), "utf8"));
  const own = node === "debian" ? ["nodejs", "npm"] : [];
  const request = { suite, include: [...promised.packages, ...own] };
  const lock = readFileSync(path.join(checkout, "package-lock.json"), "utf8");
  const noRoot = await noDebianRoot(request);
  const lacksNode = node === "debian" ? undefined : await noNode(node);
  const lacksPackages = noRoot ?? lacksNode ?? (await noPackages(checkout, lock));
  const layers = [packagesLayer(lock), ...(node === "debian" ? [] : [nodeLayer(node)]), debianRoot(request)];
  return { layers, checkout, promised, reason: lacksPackages };
}

/** HEAD of this checkout, without what is not committed. */
function cloned(): string {
  const folder = path.join(scratch(), "portreserve");
  execFileSync("git", ["clone", "--quiet", packageRoot, folder]);
  execFileSync("git", ["remote", "remove", "origin"], { cwd: folder });
  return folder;
}

/** Where npm keeps in there what it would have downloaded. */
const PACKAGES = "/var/cache/npm";

/** A layer with all packages of a lock file in npm's own cache. */
function packagesLayer(lock: string): string {
  return cached("npm", "packages", [process.arch, FETCH, lock]);
}

async function noPackages(checkout: string, lock: string): Promise<string | undefined> {
  const failure = await makeOnce(packagesLayer(lock), [FETCH, checkout, PACKAGES]);
  return skipFor(
    failure === undefined ? undefined : `npm could not fetch the packages of package-lock.json: ${failure}`,
  );
}

const FETCH = `mkdir "$FRESH/project"
cp "$0/package.json" "$0/package-lock.json" "$FRESH/project"
cd "$FRESH/project"
npm ci --ignore-scripts --no-audit --no-fund --silent --cache "$FRESH$1"
cd /
rm -rf "$FRESH/project" "$FRESH$1/_logs"`;

/** What a login shell has beside what Debian gives it: where a newcomer has a network, this has a cache. */
function environment(): Readonly<Record<string, string>> {
  // The cache knows packages by the address that they came from.
  const registry = spawnSync("npm", ["config", "get", "registry"], { cwd: "/", encoding: "utf8" }).stdout.trim();
  return { npm_config_offline: "true", npm_config_cache: PACKAGES, npm_config_registry: registry };
}

/**
 * Brings the checkout into somebody's home, and runs commands there one after the other, each in a login of its own. A
 * step's standard output is all that its command has written; its standard error, the seconds that it took.
 */
export async function inFreshMachine(
  { layers, checkout }: FreshMachine,
  who: Newcomer,
  commands: readonly Command[],
): Promise<Steps> {
  const variables = Object.entries(environment());
  const script = `set -u
export ${variables.map(([name, value]) => `${name}=${quoted(value)}`).join(" ")}
login="runuser --login ${who} --whitelist-environment=${variables.map(([name]) => name).join(",")} --command"
timed() {
  began=$(date +%s)
  timeout --kill-after=10 "$1" $login "cd portreserve || exit
$2" 2>&1
  status=$?
  echo $(($(date +%s) - began)) >&2
  return $status
}
python3 -c 'import fcntl, socket, struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh22x", b"lo", 1))'
echo fresh >/proc/sys/kernel/hostname
printf '127.0.0.1 localhost\\n::1 localhost\\n127.0.1.1 fresh\\n' >/etc/hosts
[ ${who} = root ] || useradd --create-home --shell /bin/bash --key HOME_MODE=0700 ${who}
# Debian's npm takes what somebody else owns in its cache for corrupted.
chown -R ${who}: ${PACKAGES}
$login 'cp -r /checkout portreserve'
umount /checkout
rmdir /checkout
${commands.map(({ name, command, minutes }) => `step ${name} timed ${minutes}m ${quoted(command)}`).join("\n")}
`;
  const timeout = commands.reduce((sum, { minutes }) => sum + minutes + 1, 1) * 60_000;
  const ran = await inRoot(script, { layers, files: { "/checkout": checkout }, size: "4G", timeout });
  if (ran.status !== 0 || ran.stderr !== "") throw new Error(`the machine could not be set up:\n${ran.stderr}`);
  return stepsOf(ran.stdout);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Keeps the whole output of a command, and says where; prints how it ended, and after how long. */
export function kept(name: string, { status, stdout, stderr }: Ran): string {
  const folder = path.join(packageRoot, ".cache/fresh");
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${name}.log`);
  writeFileSync(file, stdout);
  console.log(`${name}: ended with ${status} after ${stderr.trim()} s`);
  return file;
}
