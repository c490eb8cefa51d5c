// Every verb by root in a hostile environment: nothing that it starts gets anything of it.
import { describe, expect, test } from "vitest";
import { SEARCH_PATH } from "../../src/system/paths.ts";
import { named, skipReason } from "../support/can.ts";
import { everyVerb, leadsToMine, NAMES } from "./every-verb.ts";
import { asRoot, control, fixed, type Manager, notHere } from "./scene.ts";
import { told } from "./witnesses.ts";

const reason = notHere ?? skipReason({ program: "bash", package: "bash" });

async function offered(manager: Manager, name: (typeof NAMES)[number]) {
  const { step, seen } = await everyVerb(manager);
  const lines = seen(String(NAMES.indexOf(name)));
  // The programs of the host that the manager starts are watched by root.
  const watched = lines.filter(({ exe }) => exe.startsWith("/usr/"));
  const loaded = lines.filter(({ via, exe }) => !exe.startsWith("/usr/") || /\.(so|cjs)/.test(via));
  return {
    ran: step(String(NAMES.indexOf(name))),
    loaded,
    started: watched.map(({ via }) => via),
    strays: [
      ...watched.flatMap(({ environment, via }) => environment.filter(leadsToMine).map((entry) => `${via}: ${entry}`)),
      ...watched.flatMap(({ environment, via }) =>
        environment
          .filter((entry) => entry.startsWith("PATH=") && entry !== `PATH=${SEARCH_PATH}`)
          .map(() => `${via}: PATH`),
      ),
      ...watched.filter(({ cmd }) => leadsToMine(cmd)).map(told),
    ],
    descriptors: watched.flatMap(({ via, descriptors }) =>
      descriptors.filter((one) => one.includes("/run/kept")).map((one) => `${via}: ${one}`),
    ),
  };
}

/** These start nothing. */
const ALONE: readonly string[] = [
  "check",
  "list",
  "completion",
  "compile",
  "export",
  "mechanisms",
  "mechanisms remove",
];

/** The manager of old has no such thing. */
const NEW: readonly string[] = ["plugin", "unreserve", "export", "migrate"];

describe.skipIf(reason !== undefined)(named("root's portreservectl", reason), { timeout: 300_000 }, () => {
  test.for(NAMES)("%s: no witness is loaded or started, and no child has anything of the caller's", async (name) => {
    const { ran, loaded, started, strays, descriptors } = await offered(fixed, name);
    expect(ran.status, ran.stderr).toBeLessThan(6);
    expect([asRoot(loaded), loaded.map(told), strays, descriptors]).toEqual([[], [], [], []]);
    if (ALONE.includes(name)) expect(started).toEqual([]);
  });

  test.for(NAMES.filter((name) => ![...ALONE, ...NEW].includes(name)))(
    "%s, by a manager of old (the control): all kinds of them",
    async (name) => {
      const { loaded, strays, descriptors } = await offered(control, name);
      expect(asRoot(loaded)).not.toEqual([]);
      expect([...new Set(loaded.map(({ via }) => via))]).toEqual(expect.arrayContaining(["preload.so", "audit.so"]));
      expect(strays).not.toEqual([]);
      expect(descriptors).not.toEqual([]);
    },
  );

  test("every way works on some verb of a manager of old (the control)", async () => {
    const all = await Promise.all(NAMES.map((name) => offered(control, name)));
    const vias = new Set(all.flatMap(({ loaded }) => loaded.map(({ via }) => via)));
    expect([...vias]).toEqual(
      expect.arrayContaining([
        "preload.so",
        "audit.so",
        "function",
        "setpriv",
        "unshare",
        "sh",
        "apparmor_parser",
        "systemctl",
      ]),
    );
  });

  test("programs of the host are started with root's search path alone, so that they are seen", async () => {
    for (const name of ["verify", "demo", "install"] as const) {
      expect((await offered(fixed, name)).started).toEqual(expect.arrayContaining(["unshare", "sh"]));
    }
  });

  test("the mechanisms do their work, with the programs that they ask", async () => {
    const { ran, started } = await offered(fixed, "mechanisms apply");
    expect([ran.status, [...new Set(started)].sort()]).toEqual([0, expect.arrayContaining(["mount.nfs", "nfsconf"])]);
    expect((await offered(fixed, "mechanisms remove")).ran).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("fixed: removed\n"),
    });
  });

  test("a folder for temporary files that is not there is not needed", async () => {
    expect((await everyVerb(fixed)).step("nowhere")).toMatchObject({ status: 0, stderr: "" });
    // A manager of old keeps there what root's shell reads.
    const { strays } = await offered(control, "demo");
    expect(strays).toContainEqual(expect.stringMatching(/\bsh .*mine\/tmp\/portreserve-sandbox-\w+\/setup /));
  });
});
