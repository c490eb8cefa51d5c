// reserve and unreserve by number, on a host of its own: which file gets them, what stays, and what is refused.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { noHost, onHost } from "../support/host.ts";

const notHere = await noHost();

describe.skipIf(notHere !== undefined)(named("ports by number", notHere), () => {
  test("go into the file that is named, asks for them already, or is known for them", async () => {
    const step = await onHost(
      `
rm -r /etc/portreserve
step dry ctl reserve cups 631/tcp --dry-run
step untouched test ! -e /etc/portreserve
step named ctl reserve cups.service 631/tcp
step file cat /etc/portreserve/cups
step asking ctl reserve 631
step both cat /etc/portreserve/cups
step again ctl reserve 631
step known ctl reserve 873/tcp
step unknown ctl reserve 601 602/udp
step files sh -c 'cd /etc/portreserve; head -n 9 *'
step high ctl reserve db 3306/tcp
step low ctl reserve web 80/tcp
step nobody nobody "$NODE" "$MANAGER" reserve cups 631/tcp
step proto ctl reserve cups 631/sctp
step dots ctl reserve ../x 631
step json ctl reserve cups 631 --json
`,
      { etc: { services: "rsync 873/tcp\n", "bindresvport.blacklist": "631\n" } },
    );
    expect(step("dry").stdout).toBe(
      "+ folder '/etc/portreserve'\n--- /dev/null\n+++ /etc/portreserve/cups\n@@ -0,0 +1,2 @@\n" +
        "+# written by 'portreservectl reserve cups 631/tcp'\n+631/tcp\n1 file would change; nothing was changed\n",
    );
    expect(step("untouched").status).toBe(0);
    expect(step("named")).toEqual({
      status: 0,
      stdout: "written: '/etc/portreserve/cups'\nrun 'portreservectl install' to make it take effect\n",
      stderr: "",
    });
    const head = "# written by 'portreservectl reserve cups.service 631/tcp'\n";
    expect(step("file").stdout).toBe(`${head}631/tcp\n`);
    expect([step("asking").status, step("both").stdout]).toEqual([0, `${head}631/tcp\n631/udp\n`]);
    expect(step("again").stdout).toBe("unchanged: '/etc/portreserve/cups' reserves 631/tcp 631/udp\n");
    expect([step("known").status, step("unknown").status]).toEqual([0, 0]);
    expect(step("files").stdout.replaceAll(/# written.*\n/g, "")).toBe(
      "==> cups <==\n631/tcp\n631/udp\n\n==> port-601 <==\n601\n\n==> port-602 <==\n602/udp\n\n==> rsync <==\n873/tcp\n",
    );
    expect(step("high").stdout).toMatch(/^written: .*\n3306: the kernel hands these out/);
    expect(step("low").stdout).toMatch(/^written: .*\n80: no library hands out ports below 512/);
    expect(step("nobody").status).toBe(4);
    expect([step("proto").status, step("dots").status]).toEqual([2, 2]);
    expect(JSON.parse(step("json").stdout)).toMatchObject({ result: "unchanged", changes: [], unit: null });
  });

  test("are taken out of it, with nothing else, and not while they are held", async () => {
    const step = await onHost(
      `
cd /etc/portreserve
step dry ctl unreserve 631/udp --dry-run
step one ctl unreserve 631/udp
step cups cat cups
step range ctl unreserve mixed 701
step mixed cat mixed
step gone ctl unreserve ours
step ours test ! -e ours
step all ctl unreserve cups
step kept cat cups
step held ctl unreserve 750
step never ctl unreserve 999
step blacklist ctl unreserve 873
step list ctl unreserve bindresvport.blacklist
step nobody nobody "$NODE" "$MANAGER" unreserve 631
step after ctl list
`,
      {
        etc: {
          "portreserve/cups": "# mine\n631 # printing\n",
          "portreserve/mixed": "700-702\n",
          "portreserve/ours": "# written by 'portreservectl reserve ours 720'\n720\n",
          "portreserve/kept": "750/tcp block\n",
          "bindresvport.blacklist": "873\n",
        },
      },
    );
    expect(step("dry").stdout).toContain("-631 # printing\n+631/tcp\n");
    expect(step("one").stdout).toMatch(/^written: '\/etc\/portreserve\/cups'\n/);
    expect(step("cups").stdout).toBe("# mine\n631/tcp\n");
    expect([step("range").status, step("mixed").stdout]).toEqual([0, "700\n702\n"]);
    expect([step("gone").stdout.split("\n")[0], step("ours").status]).toEqual(["removed: '/etc/portreserve/ours'", 0]);
    expect([step("all").status, step("kept").stdout]).toEqual([0, "# mine\n"]);
    expect([step("held").status, step("held").stderr]).toEqual([
      5,
      "portreservectl: error: 750/tcp is held or blocked; nothing was changed\n" +
        "hint: run 'sudo portreservectl unhold 750/tcp' first\n",
    ]);
    expect(step("never").stdout).toBe("unchanged: no file asks for it\n");
    expect(step("blacklist").stderr).toContain("'/etc/bindresvport.blacklist' still keeps 873/tcp and 873/udp");
    expect([step("list").status, step("nobody").status]).toEqual([2, 4]);
    expect(step("after").stdout).not.toMatch(/^(631|701|720)\//m);
  });
});
