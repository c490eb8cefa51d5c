// reclaim on a host of its own: real thieves with real ports, the real holder, and Node as the owner that wants them back.
import { describe, expect, test } from "vitest";
import { named, skipFor } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { HOLDER, hasHolder } from "../support/holder.ts";
import { type Host, noHost, onHost } from "../support/host.ts";
import { schemaFaults } from "../support/schema.ts";
import { NODE } from "../support/stage/stage.ts";
import type { Steps } from "../support/steps.ts";

const notHere = (await noHost()) ?? skipFor(hasHolder ? undefined : "portreserve-hold was not built");
const OWNER = NODE.split("/").at(-1) ?? "node";
const STATE = "/run/portreserve/hold.json";

/** Says whether it serves on 631, and goes on unless told "once". */
const SERVE = `
const server = require("node:net").createServer();
server.on("error", ({ code }) => { console.log(code); process.exit(1); });
server.listen(631, "0.0.0.0", () => { console.log("serves"); if (process.argv[1] === "once") process.exit(0); });
`;

/** `take KIND` starts a thief, which asks for 631 first; `stop` ends it and says what it has said. */
const HELPERS = `
mkdir -p ${STATE.replace(/\/[^/]*$/, "")}
listens() { until_works grep -q ":$1 00000000:0000 0A" /proc/net/tcp; }
echo_server() {
  "$NODE" -e 'require("node:net").createServer((one) => one.on("error", () => {}).pipe(one)).listen(4000, "127.0.0.1")' & ECHO=$!
  listens 0FA0
}
take() {
  case $1 in connect | adrift) port=4000 ;; *) port= ;; esac
  background "$SCRATCH/thief" thief "$TAKE" "$1" "$SCRATCH/stop" $port; THIEF_IS=$!; until_works grep -q has "$SCRATCH/thief"
}
stop() { touch "$SCRATCH/stop"; wait $THIEF_IS; cat "$SCRATCH/thief"; rm "$SCRATCH/stop"; }
serve() { "$NODE" -e "$SERVE" "$@"; }
hold() { "$HOLDER" 2>"$SCRATCH/said" & HOLDER_IS=$!; until_works test -e ${STATE}; }
states() { grep -o '"port":631.*' ${STATE}; }
`;

/** `line`: what the owner's file says. */
async function host(script: string, line = "631", more: Host = {}): Promise<Steps> {
  return await onHost(`${HELPERS}${script}`, {
    ...more,
    etc: { "portreserve/cups": "", [`portreserve/${OWNER}`]: `${line}\n`, ...more.etc },
    environment: { TAKE: compileC("test/commands/reclaim-thief.c"), HOLDER, SERVE },
  });
}

const THIEF = /'reclaim-thief-[0-9a-f]+'/g;
const plain = (text: string): string => text.replace(THIEF, "THIEF").replaceAll(`'${OWNER}'`, "'OWNER'");
const SHARES =
  "631/tcp, reserved for 'OWNER': SO_REUSEADDR on 1 socket of THIEF 21655, beside which its owner can then bind and listen\n";

describe.skipIf(notHere !== undefined)(named("reclaim", notHere), () => {
  test("gives the port back while the thief's transfer goes on, of which nothing is lost", async () => {
    const step = await host(`
echo_server
take connect
step before serve once
step dry ctl reclaim 631/tcp --dry-run
step nobody nobody "$NODE" "$MANAGER" reclaim 631/tcp --restart-owner
step still serve once
step reclaim ctl reclaim 631
step after serve once
serve >/dev/null & OWNER_IS=$!; listens 0277
step has ctl reclaim 631/tcp --json
step thief stop
kill $ECHO $OWNER_IS
`);
    expect([step("before"), step("still")].map(({ stdout }) => stdout)).toEqual(["EADDRINUSE\n", "EADDRINUSE\n"]);
    const { stdout, stderr } = step("dry");
    expect([step("dry").status, plain(stdout), stderr]).toEqual([0, `${SHARES}nothing was changed\n`, ""]);
    expect(step("nobody")).toEqual({
      status: 4,
      stdout: "",
      stderr:
        "portreservectl: error: reclaim needs root: it changes sockets of others\n" +
        "hint: run 'sudo portreservectl reclaim 631/tcp --restart-owner'\n",
    });
    expect([step("reclaim").status, plain(step("reclaim").stdout), step("reclaim").stderr]).toEqual([
      0,
      `${SHARES}631/udp, reserved for 'OWNER': nothing to do: nobody has it\n` +
        "shared: 631/tcp by THIEF 21655, whose connections go on\n",
      "portreservectl: note: 631/tcp can be taken again while its owner is down\n" +
        "hint: a hold would keep it: 'sudo portreservectl hold 631/tcp'\n" +
        "portreservectl: note: its owner can have 631/tcp now\nhint: restart it\n",
    ]);
    expect(step("after").stdout).toBe("serves\n");
    const document = JSON.parse(step("has").stdout);
    expect(document).toMatchObject({
      exitCode: 0,
      ports: [{ port: 631, result: "nothing", reason: expect.stringContaining("its owner has it"), ownerHasIt: true }],
    });
    expect(schemaFaults("reclaim", document)).toEqual([]);
    expect(step("thief")).toMatchObject({ status: 0, stdout: "has 631\nall came back\n" });
  });

  test("once it is held, nobody takes it again; and a restart that cannot be is said", async () => {
    const step = await host(
      `
take bound
ctl compile >/dev/null 2>&1
hold
step refused states
step reclaim ctl reclaim 631/tcp --restart-owner
until_works sh -c '! grep -q refused ${STATE}'
step owner serve once
step gone stop
step again thief "$PROBE" --symbol bindresvport --protocol tcp
kill $HOLDER_IS; wait $HOLDER_IS
step control thief "$PROBE" --symbol bindresvport --protocol tcp
take bound
step down ctl reclaim 631/tcp
stop >/dev/null
`,
      "631/tcp hold",
    );
    expect(step("refused").stdout).toContain('"ipv4":"refused"');
    expect([step("reclaim").status, plain(step("reclaim").stdout), plain(step("reclaim").stderr)]).toEqual([
      1,
      `${SHARES}shared: 631/tcp by THIEF 21655, whose connections go on\nheld: 631/tcp, by portreserve-hold\n`,
      "portreservectl: error: 631/tcp: its owner cannot be restarted: no unit is named like 'OWNER'\n",
    ]);
    expect(step("owner").stdout).toBe("serves\n");
    expect(step("again").stdout).not.toBe('{"port":631}\n');
    expect(step("control").stdout).toBe('{"port":631}\n');
    expect([step("down").status, step("down").stderr.split("\n")[0]]).toEqual([
      0,
      "portreservectl: warning: 631/tcp is to be held, and portreserve-hold is not running",
    ]);
  });

  test("does nothing to what listens, to UDP, or in namespaces of their own, and says what to restart", async () => {
    const kinds = ["listen", "udp", "users", "network"];
    const step = await host(
      kinds
        .map((kind) => `take ${kind}\nstep ${kind} ctl reclaim 631\nstep ${kind}-owner serve once\nstop >/dev/null\n`)
        .join(""),
    );
    const said = kinds.map((kind) => [step(kind).status, plain(step(kind).stderr).split("\n").slice(0, 2).join("; ")]);
    const no = "portreservectl: error: 631/tcp cannot be reclaimed: THIEF 21655";
    const hint = "hint: restart process 21655";
    expect(said).toEqual([
      [1, `${no} listens on it, which two cannot do; ${hint}`],
      [
        1,
        `${no.replace("tcp", "udp")} has it, and a socket of UDP that shared it could get the owner's datagrams; ${hint}`,
      ],
      [1, `${no} is not touched: it is in a user namespace of its own, as a container is; ${hint}`],
      [1, `${no} is not touched: it is in another network than the host; ${hint}`],
    ]);
    expect(kinds.map((kind) => step(`${kind}-owner`).stdout)).toEqual([
      "EADDRINUSE\n",
      "serves\n",
      "EADDRINUSE\n",
      "EADDRINUSE\n",
    ]);
  });

  // The kernel has none in a network of its own unless it mounts something: test/vm/reclaim.test.ts has the real client.
  test("ends a connection that no process has, once it is held, for the kernel's NFS client and nobody else", async () => {
    const step = await host(`
echo_server
take adrift
step other ctl reclaim 631/tcp
mount -t tmpfs module /sys/module && mkdir -p /sys/module/sunrpc/parameters && cd /sys/module/sunrpc/parameters
echo 665 >min_resvport; echo 1023 >max_resvport; cd /
step unheld ctl reclaim 631/tcp
echo '631/tcp hold' >/etc/portreserve/${OWNER}
ctl compile >/dev/null 2>&1
step down ctl reclaim 631/tcp
hold
step before serve once
step reclaim ctl reclaim 631/tcp --json
step drifted stop
kill $HOLDER_IS $ECHO
`);
    const refused = ["other", "unheld", "down"].map((name) => [step(name).status, step(name).stderr.split("\n")[0]]);
    const no = "portreservectl: error: 631/tcp cannot be reclaimed: the kernel";
    expect(refused).toEqual([
      [1, `${no} has it, and not for its NFS client, which alone connects again`],
      [1, `${no}'s NFS client would take it again, since nothing holds it`],
      [1, `${no}'s NFS client would take it again, since portreserve-hold is not running`],
    ]);
    expect(step("before").stdout).toBe("EADDRINUSE\n");
    const document = JSON.parse(step("reclaim").stdout);
    expect(document).toMatchObject({
      exitCode: 0,
      ports: [
        {
          result: "reclaimed",
          end: [{ address: "127.0.0.1", state: "connected" }],
          ended: [{ address: "127.0.0.1", peerAddress: "127.0.0.1", peerPort: 4000 }],
          held: true,
        },
      ],
    });
    expect(schemaFaults("reclaim", document)).toEqual([]);
    expect(step("drifted").stdout).toBe("has 631\nrecv: Software caused connection abort\n");
  });

  test("takes what a thief shares already, what is blocked and what nobody reserves as they are", async () => {
    const step = await host(
      `
echo_server
take connect
step first ctl reclaim 631/tcp
step twice ctl reclaim 631/tcp
step free ctl reclaim 700/tcp
step range ctl reclaim 600-610
step high ctl reclaim 2049/tcp
echo '631 block' >/etc/portreserve/${OWNER}
step blocked ctl reclaim 631/tcp --json
stop >/dev/null; kill $ECHO
`,
    );
    expect([step("first").status, step("twice").status, plain(step("twice").stdout)]).toEqual([
      0,
      0,
      "631/tcp, reserved for 'OWNER': nothing to do: THIEF 21655 shares it with its owner already\n",
    ]);
    expect(step("free")).toEqual({
      status: 1,
      stdout: "",
      stderr:
        "portreservectl: error: 700/tcp cannot be reclaimed: nothing reserves it\n" +
        "hint: 'portreservectl list' shows what is reserved\n",
    });
    expect([step("range").status, step("high").status]).toEqual([2, 2]);
    const document = JSON.parse(step("blocked").stdout);
    expect(document).toMatchObject({
      exitCode: 1,
      ports: [{ kind: "block", result: "cannot", reason: "it is blocked, so that not even an owner could have it" }],
    });
    expect(schemaFaults("reclaim", document)).toEqual([]);
  });
});
