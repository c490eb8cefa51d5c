// How the demo's reader has to call the program again: what works as it stands, with Node and the package anywhere.
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { commandAgain, type Started } from "../../src/system/own-command.ts";
import { scratch } from "../support/cli.ts";

const folder = scratch();
const script = path.join(folder, "lib/node_modules/portreserve/dist/portreservectl.mjs");
mkdirSync(path.dirname(script), { recursive: true });
writeFileSync(script, "");
const link = path.join(folder, "portreservectl");
symlinkSync(script, link);

const NODE = "/home/u/.nvm/versions/node/v20/bin/node";
const OWN = `${NODE} ${script}`;
/** Which folders have the program, and which of them Node. */
const started = (programs: readonly string[], nodes: readonly string[], more: Partial<Started> = {}): Started => ({
  name: "portreservectl",
  node: NODE,
  script: link,
  environment: { PATH: "/home/u/.nvm/versions/node/v20/bin:/usr/bin" },
  isRoot: false,
  find: (name, folders) => {
    const has = name === "node" ? nodes : programs;
    if (!folders.some((one) => has.includes(one))) return undefined;
    return name === "node" ? NODE : script;
  },
  ...more,
});

test.each<[string, Started, string, string]>([
  ["of the distribution", started(["/usr/bin"], ["/usr/bin"]), "portreservectl", "sudo portreservectl"],
  [
    "with nvm's Node, which sudo does not find",
    started(["/home/u/.nvm/versions/node/v20/bin"], []),
    "portreservectl",
    `sudo ${OWN}`,
  ],
  ["that sudo finds, without its Node", started(["/usr/bin"], []), "portreservectl", `sudo ${OWN}`],
  [
    "by npx",
    started(["/home/u/p/node_modules/.bin"], [], {
      environment: { PATH: "/home/u/p/node_modules/.bin:/usr/bin", npm_command: "exec" },
    }),
    "npx portreservectl",
    `sudo ${OWN}`,
  ],
  ["from a checkout", started([], []), OWN, `sudo ${OWN}`],
  ["by root", started(["/usr/bin"], ["/usr/bin"], { isRoot: true }), "portreservectl", "portreservectl"],
  [
    "beside another one of that name",
    started(["/usr/bin"], ["/usr/bin"], { find: () => "/usr/share/other" }),
    OWN,
    `sudo ${OWN}`,
  ],
])("a program %s", (_, how, asUser, asRoot) => {
  expect([commandAgain(how, false), commandAgain(how, true)]).toEqual([asUser, asRoot]);
});

test("what a shell would take apart is quoted", () => {
  expect(commandAgain(started([], [], { node: "/a b/node" }), false)).toBe(`'/a b/node' ${script}`);
});
