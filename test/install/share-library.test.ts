// The share library comes and goes with the shim; one that would break programs never gets to a host.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { compileC } from "../support/compile-c.ts";
import { abis, libraries, noHost, onHost, packageAt, treeDifferences } from "../support/host.ts";
import { built } from "../support/sandbox.ts";

const notHere = await noHost();
const SOURCES = ["share/share.c", "preload/reservations.c", "table/view.c", "table/lookup.c"];

/** All that the share library is, and something else. */
function badShare(...flags: readonly string[]): string {
  const own = ["-shared", "-fPIC", "-Wl,-z,noexecstack", '-DPR_VERSION="0"', "-fvisibility=hidden", ...flags];
  const files = ["test/install/bad-shim.c", ...SOURCES.map((name) => `native/${name}`)];
  return compileC(files, [...own, "-Wl,--version-script=native/share/exports.map"]);
}

const machine = abis[0]?.name;
const shares = libraries.filter((file) => file.endsWith("-share.so"));

describe.skipIf(notHere !== undefined)(named("the share library", notHere), () => {
  test.each<[string, () => string, string]>([
    [
      "crashes as it is loaded",
      () => badShare("-DCRASHES"),
      "with the share library preloaded, '/bin/true' was killed by SIGABRT; without the shim it ended with status 0; everything is as it was before",
    ],
    [
      "prints",
      () => badShare("-DPRINTS"),
      "with the share library preloaded, '/bin/true' printed 'hello' on standard error; everything is as it was before",
    ],
    [
      "is the shim",
      () => built.shim,
      `the share library for ${machine} is not a portreserve library: it has no symbol 'portreserve_share'; nothing was changed`,
    ],
  ])("of a package that %s is refused, at first and as an upgrade", async (_, library, says) => {
    const bad = packageAt(`${scratch()}/package`, { "libportreserve-share.so": library() });
    const ran = await onHost(
      `GOOD=$MANAGER; MANAGER=${bad}
step before tree
step first ctl install
step left tree
MANAGER=$GOOD
step good ctl install
step installed tree
MANAGER=${bad}
step upgrade ctl install
step after tree`,
    );
    for (const name of ["first", "upgrade"]) {
      expect(ran(name)).toMatchObject({ status: 5, stdout: "" });
      expect(ran(name).stderr.split("\n")[0]).toBe(`portreservectl: error: ${says}`);
    }
    expect(treeDifferences(ran("before"), ran("left"))).toEqual([]);
    // The control: that there is such a library at all.
    expect(ran("good").status).toBe(0);
    expect(treeDifferences(ran("before"), ran("installed")).map((line) => line.split(" ")[1])).toEqual(
      expect.arrayContaining([...shares]),
    );
    expect(treeDifferences(ran("installed"), ran("after"))).toEqual([]);
  });

  test("that somebody else has put in its place is refused, and left by uninstall", async () => {
    const [share] = shares;
    const ran = await onHost(`mkdir -p ${share?.replace(/\/[^/]*$/, "")}; echo mine >${share}
step before tree
step install ctl install
step after tree
rm ${share}; ctl install >"$SCRATCH/log" 2>&1; echo mine >${share}
step uninstall ctl uninstall
step kept cat ${share}`);
    expect(ran("install")).toMatchObject({
      status: 5,
      stderr: expect.stringContaining(`'${share}' is a file that portreservectl did not write`),
    });
    expect(treeDifferences(ran("before"), ran("after"))).toEqual([]);
    expect(ran("uninstall").stderr).toContain(`'${share}' is a file that portreservectl did not write`);
    expect(ran("kept").stdout).toBe("mine\n");
  });
});
