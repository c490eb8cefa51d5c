// The script of an archive on a host that runs programs of every ABI: put there, and followed by the manager.
import { beforeAll, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { noHost, onHost, treeDifferences } from "../support/host.ts";
import { exported } from "./support/export.ts";
import { FILES, runs32, shims, UNPACK } from "./support/export-script.ts";

const notHere = await noHost();
const [SHIM = ""] = shims;

let first = "";
beforeAll(() => {
  if (notHere === undefined) first = exported({ cups: "631\n", mail: "993/tcp\n" });
});

/** The administrator's, to the manager. */
const MAIL = "+ /etc/portreserve/mail file 644 0:0 3256a8dc1ba115de";

test.skipIf(notHere !== undefined)(
  named(
    "every ABI is covered, the table can be followed by the manager's, and uninstall leaves nothing of either",
    notHere,
  ),
  async () => {
    const step = await onHost(`${UNPACK}
step before tree
step stolen thief "$PROBE" --symbol bindresvport
unpack ${first}
step install setup install
step kept thief "$PROBE" --symbol bindresvport
for probe in "$PROBE" ${runs32 ? '"$PROBE-i386"' : ""}; do "$probe" --which; done >/run/which
step which cat /run/which
step check setup check
step gone setup uninstall
step after tree
setup install >/dev/null
step manager ctl uninstall
step after-manager tree
setup install >/dev/null
step both ctl install
step no-more setup check
step refused setup uninstall
step both-gone ctl uninstall
step after-both tree
`);
    expect(step("stolen").stdout).toBe('{"port":631}\n');
    expect(step("install")).toMatchObject({ status: 0, stderr: "" });
    expect(step("kept").stdout).toBe('{"port":632}\n');
    for (const shim of runs32 ? shims : [SHIM]) expect(step("which").stdout).toContain(`"object":"${shim}"}`);
    expect(step("check")).toMatchObject({ status: 0, stderr: "" });
    expect(step("gone")).toMatchObject({ status: 0, stderr: "" });
    expect(treeDifferences(step("before"), step("after"))).toEqual([]);

    expect(step("manager")).toMatchObject({ status: 0 });
    expect(treeDifferences(step("before"), step("after-manager"))).toEqual([MAIL]);
    expect(step("both").status).toBe(0);
    expect(step("refused")).toMatchObject({
      status: 5,
      stderr: `setup: error: portreserve is installed here with its manager, which sees to all of this
hint: run 'portreservectl uninstall'
`,
    });
    expect(step("both-gone").status).toBe(0);
    expect(treeDifferences(step("before"), step("after-both"))).toEqual([MAIL]);
  },
);

test.skipIf(notHere !== undefined)(named("what is the administrator's stays, and he is told", notHere), async () => {
  const next = exported({ cups: "631\n700\n", mail: "993/tcp\n" });
  const step = await onHost(`${UNPACK}
unpack ${first}
step first setup install
echo 640 >>/etc/portreserve/mail
unpack ${next}
step next setup install
step mail cat /etc/portreserve/mail
step kept thief "$PROBE" --symbol bindresvport
rm /usr/lib/portreserve/portreserve-probe*
step check setup check
step mended setup install
step checked setup check
echo mine >/usr/lib/portreserve/setup
step gone setup uninstall
step left ls /etc/portreserve /usr/lib/portreserve
`);
  // The folder has a 'cups' of the host's own already, with what the first archive says.
  expect(step("first")).toMatchObject({ status: 0, stderr: "" });
  const warns = (
    owner: string,
  ): string => `setup: warning: '/etc/portreserve/${owner}' was there and stays; the table has what the archive says
hint: compare it with '${FILES}/owners/${owner}'
`;
  expect(step("next")).toMatchObject({ status: 0, stderr: warns("cups") + warns("mail") });
  expect(step("mail").stdout).toBe("993/tcp\n640\n");
  expect(step("kept").stdout).toBe('{"port":632}\n');
  expect(step("check")).toMatchObject({ status: 1, stdout: expect.stringContaining("is missing\n") });
  expect(step("mended").status).toBe(0);
  expect(step("checked").status).toBe(0);
  expect(step("gone").status).toBe(0);
  expect(step("left").stdout).toBe("/etc/portreserve:\ncups\nmail\n");
});
