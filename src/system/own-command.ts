// How the user has to call this program again, as it stands: by its name, through npx, or by the paths of Node and of it.
import { accessSync, constants, realpathSync } from "node:fs";
import path from "node:path";
import { orUndefined } from "./app-error.ts";
import { shellWord } from "./command-text.ts";

export interface Started {
  readonly name: string;
  /** Node, and the program as it was called. */
  readonly node: string;
  readonly script: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly isRoot: boolean;
  /** What a program called `name` in one of these folders leads to; undefined where there is none. */
  readonly find: (name: string, folders: readonly string[]) => string | undefined;
}

/** Where sudo looks, whatever the user's PATH has: Debian's secure_path. */
const SUDO_FOLDERS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** "portreservectl", "npx portreservectl", "sudo /opt/node/bin/node /opt/portreserve/…". `asRoot`: for a verb that needs it. */
export function commandAgain(started: Started, asRoot: boolean): string {
  const { name, node, script, environment, isRoot, find } = started;
  const sudo = asRoot && !isRoot;
  // npx puts folders of its own in front, for as long as it runs.
  const folders = (environment.PATH ?? "")
    .split(":")
    .filter((folder) => folder.startsWith("/") && !folder.endsWith("/node_modules/.bin") && !folder.includes("/_npx/"));
  const itself = orUndefined(() => realpathSync(script)) ?? script;
  const isOurs = (where: readonly string[]): boolean => find(name, where) === itself;
  const own = `${shellWord(node)} ${shellWord(itself)}`;
  // What sudo starts needs Node too, where sudo finds it.
  if (sudo) return `sudo ${isOurs(SUDO_FOLDERS) && find("node", SUDO_FOLDERS) !== undefined ? name : own}`;
  if (isOurs(folders)) return name;
  return environment.npm_command === "exec" && !isRoot ? `npx ${name}` : own;
}

/** For this process. */
export function ownCommand(asRoot: boolean): string {
  return commandAgain(
    {
      name: "portreservectl",
      node: process.execPath,
      script: process.argv[1] ?? "portreservectl",
      environment: process.env,
      isRoot: process.geteuid?.() === 0,
      find: programIn,
    },
    asRoot,
  );
}

function programIn(name: string, folders: readonly string[]): string | undefined {
  for (const folder of folders) {
    const file = path.join(folder, name);
    const found = orUndefined(() => {
      accessSync(file, constants.X_OK);
      return realpathSync(file);
    });
    if (found !== undefined) return found;
  }
  return undefined;
}
