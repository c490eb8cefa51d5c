// The addon ends sockets by their inodes, as if their connections had been reset, and no others.
import path from "node:path";
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { noSandbox, play } from "../support/sandbox.ts";
import { NODE, stagedNatives } from "../support/stage/stage.ts";

const notHere = await noSandbox();

/** Two connections from port 700 to two servers, over both families; says what becomes of them. */
const SCRIPT = `
const addon = require(process.argv[1]);
const net = require("node:net");
const rows = () => [...addon.sockets("tcp", "inet"), ...addon.sockets("tcp", "inet6")].filter(({ port }) => port === 700);
const inodeAt = (address) => rows().find((row) => row.address === address && row.state === 1)?.inode;
const say = (...words) => console.log(JSON.stringify(words));
const listen = (host, port) => new Promise((done) => net.createServer((one) => one.on("error", () => {})).listen(port, host, done));
const connect = (host, port) => new Promise((done) => {
  const one = net.connect({ host, port, localPort: 700 }, () => done(one));
  one.on("error", ({ code }) => say(host, code));
});
(async () => {
  await listen("127.0.0.1", 4000);
  await listen("::1", 4001);
  await connect("127.0.0.1", 4000);
  await connect("::1", 4001);
  const [four, six] = [inodeAt("127.0.0.1"), inodeAt("::1")];
  say("none", addon.endSockets(700, []), addon.endSockets(701, [four, six]), addon.endSockets(700, [0, four + 1000000]));
  say("both", [four, six].map((inode) => rows().some((row) => row.inode === inode)));
  say("ended", addon.endSockets(700, [four]).map(({ address, peerAddress, peerPort, inode }) => [address, peerAddress, peerPort, inode === four]));
  await new Promise((done) => setTimeout(done, 50));
  say("left", [four, six].map((inode) => rows().some((row) => row.inode === inode)));
  say("ended", addon.endSockets(700, [four, six]).map(({ address, peerPort }) => [address, peerPort]));
  const server = net.createServer();
  await new Promise((done) => server.listen(700, "127.0.0.9", done));
  const listening = rows().find(({ address }) => address === "127.0.0.9");
  say("listens", listening.state, addon.endSockets(700, [listening.inode]), server.listening);
  process.exit(0);
})();
`;

async function run(prefix = ""): Promise<{ readonly lines: readonly unknown[]; readonly stderr: string }> {
  const { stdout, stderr } = await play(`ip link set lo up 2>/dev/null\n${prefix} "$NODE" -e "$SCRIPT" "$ADDON"\n`, {
    cover: "nothing",
    environment: { NODE, SCRIPT, ADDON: path.join(stagedNatives(), "portreserve.node") },
  });
  return {
    lines: stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line)),
    stderr,
  };
}

describe.skipIf(notHere !== undefined)(named("endSockets", notHere), () => {
  test("ends the sockets with these inodes and that port, over both families, and none that listens", async () => {
    const { lines, stderr } = await run();
    expect(stderr).toBe("");
    expect(lines).toEqual([
      ["none", [], [], []],
      ["both", [true, true]],
      ["ended", [["127.0.0.1", "127.0.0.1", 4000, true]]],
      ["127.0.0.1", "ECONNABORTED"],
      ["left", [false, true]],
      ["ended", [["::1", 4001]]],
      ["listens", 10, [], true],
    ]);
  });

  test("is refused without CAP_NET_ADMIN, by its code", async () => {
    const { lines, stderr } = await run("setpriv --bounding-set=-net_admin --inh-caps=-net_admin");
    expect(lines).toEqual([
      ["none", [], [], []],
      ["both", [true, true]],
    ]);
    expect(stderr).toContain("EPERM: Operation not permitted, SOCK_DESTROY");
  });
});
