// What coverage reads of what install has put on a host, whole and in parts.
import { describe, expect, test } from "vitest";
import { isUnseen } from "../../src/core/seen.ts";
import type { SetupFacts } from "../../src/coverage/facts.ts";
import { named } from "../support/can.ts";
import { abis, libraries as all, noHost, onHost } from "../support/host.ts";
import { STAGE } from "../support/stage/stage.ts";

/** The shims. */
const libraries = all.filter((file) => file.endsWith("/libportreserve.so"));

const CALL = `import { observeSetup } from ${JSON.stringify(`${STAGE}/dist/observe/read-setup.js`)};
import { readSources } from ${JSON.stringify(`${STAGE}/dist/observe/read-sources.js`)};
import { readTable } from ${JSON.stringify(`${STAGE}/dist/system/files/table-file.js`)};
const options = { root: "/", blacklist: true };
process.stdout.write(JSON.stringify(observeSetup("/", readSources(options, "may miss"), readTable("/"))));`;

const impossible = await noHost();

describe.skipIf(impossible !== undefined)(named("in a sandbox", impossible), () => {
  const SETUP = `setup() { "$NODE" --input-type=module -e "$CODE"; }\n`;
  const environment = { CODE: CALL };
  const facts = (stdout: string): SetupFacts => JSON.parse(stdout) as SetupFacts;

  test("reads what install has put on the host, and what is left after each part has gone", async () => {
    const steps = await onHost(
      `${SETUP}step before setup
step install ctl install
step after setup
echo 632 >>/etc/portreserve/cups
cp /etc/ld.so.preload /tmp/list
printf '/nonexistent.so\\n/etc/passwd\\n/etc/hosts\\r\\n' >>/etc/ld.so.preload
step strange setup
step loader /bin/true
cp /tmp/list /etc/ld.so.preload
printf x >>${libraries[0]}
chmod 600 /etc/portreserve.table
step changed setup
head -c 100 /etc/portreserve.table >/tmp/short; cat /tmp/short >/etc/portreserve.table
: >/etc/ld.so.preload
step broken setup`,
      { environment, noisy: true },
    );
    expect(facts(steps("before").stdout)).toMatchObject({
      table: { state: "missing", tcp: [], udp: [], retired: false, readableByAll: false },
      list: { namesShim: false },
      libraries: abis.map(({ name }, at) => ({ abi: name, path: libraries[at], state: "missing" })),
      watchers: [],
      unwatched: "systemd does not run here",
    });
    expect(steps("install").status).toBe(0);
    const after = facts(steps("after").stdout);
    expect(after).toMatchObject({
      table: { state: "fresh", generation: "1", tcp: [631], udp: [631], retired: false, readableByAll: true },
      list: { namesShim: true, since: expect.any(Number) },
      libraries: abis.map(({ name }, at) => ({
        abi: name,
        path: libraries[at],
        state: "current",
        key: expect.stringMatching(/^\d+:\d+$/),
        marker: expect.stringMatching(/^portreserve .* table 1$/),
      })),
      watchers: ["portreserve.path", "portreserve-services.path", "portreserve-blacklist.path"].map((unit) => ({
        unit,
        activeState: "not loaded",
      })),
    });
    expect(after.manager.installed).toBe(after.manager.own);
    // The loader itself complains of just those that are seen to load nothing.
    const { list } = facts(steps("strange").stdout);
    const others = isUnseen(list) ? [] : (list.others ?? []);
    expect(others.map(({ name, beforeShim, files }) => [name, beforeShim, files[0]?.elf])).toEqual([
      ["/nonexistent.so", false, "missing"],
      ["/etc/passwd", false, "no library"],
      ["/etc/hosts\r", false, "missing"],
    ]);
    const complaints = [...steps("loader").stderr.matchAll(/object '([^']*)' from \/etc\/ld\.so\.preload cannot/g)];
    expect(complaints.map(([, name]) => name)).toEqual(others.map(({ name }) => name));
    const changed = facts(steps("changed").stdout);
    expect(changed.table).toMatchObject({ state: "stale", tcp: [631], readableByAll: false });
    expect(changed.libraries.map(({ state }) => state)).toEqual(["differs", ...abis.slice(1).map(() => "current")]);
    const broken = facts(steps("broken").stdout);
    expect(broken.table).toMatchObject({ state: "damaged", reason: "is too short", tcp: [] });
    expect(broken.list).toMatchObject({ namesShim: false });
  });
});
