// Replaces /etc/portreserve.table without a break, in the manager's own way but without its start: node writer.mjs DIST A B,
// where A and B are lists of ports, in turn.
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const [, , dist = "", ...lists] = process.argv;
const load = (file) => import(pathToFileURL(path.join(dist, file)).href);
const { native } = await load("core/native.js");
const { readTable, writeTable } = await load("system/files/table-file.js");
const { withLock } = await load("system/lock.js");

const contents = lists.map((list) => list.split(",").map(Number));
for (let turn = 0; ; turn++) {
  await withLock({ root: "/", wait: true, onWait: () => {} }, () => {
    const old = readTable("/");
    const ports = contents[turn % contents.length];
    const generation = (old.kind === "valid" ? old.table.generation : 0n) + 1n;
    const bytes = native().encodeTable({ generation, digest: new Uint8Array(32), tcp: ports, udp: ports });
    writeTable("/", bytes, old);
  });
}
