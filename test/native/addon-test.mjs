// Calls the addon with all that it must refuse, and with what it must not: argument 2 is the addon. For sanitizers; what
// the answers mean is tested from src. Ends with 1 and says which call gave something else than a value or a coded error.
import { closeSync, openSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";

const addon = createRequire(import.meta.url)(process.argv[2]);
const scratch = `addon-test.${process.pid}`;
const fd = openSync(scratch, "w+");
const problems = [];
let refused = 0;
let answered = 0;

function call(name, args) {
  try {
    addon[name](...args);
    answered += 1;
  } catch (error) {
    refused += 1;
    // Node's own refusal of a view that is no buffer has no code.
    const known =
      error instanceof Error && (/^E[A-Z0-9_]+$/.test(error.code ?? "") || error.message === "Invalid argument");
    if (!known) problems.push(`${name}: ${error}`);
  }
}

const hostile = (() => {
  const throwing = new Proxy({}, { get: () => undefined });
  const shared = new Uint8Array(new SharedArrayBuffer(64));
  const detached = new Uint8Array(32);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const numbers = [-1, 0.5, 2 ** 31, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, 10n ** 30n, -1n];
  const texts = ["", "\0", "\ud800", "user.x", "x".repeat(1 << 16)];
  const bytes = [Buffer.alloc(0), Buffer.alloc(4096, 255), new Float64Array(4), new DataView(new ArrayBuffer(8))];
  return [
    undefined,
    null,
    true,
    Symbol("s"),
    () => 0,
    {},
    [],
    throwing,
    shared,
    detached,
    ...numbers,
    ...texts,
    ...bytes,
  ];
})();

for (const name of [
  "decodeTable",
  "encodeTable",
  "lockFile",
  "hasReader",
  "attribute",
  "attributes",
  "setAttribute",
  "sockets",
  "execute",
  "readSmall",
  "readCodeLines",
  "readLink",
  "identity",
  "linksLike",
  "filesMarked",
  "filesStamped",
  "readAhead",
  "takeBatch",
  "endSockets",
  "readOtherSockets",
  "shareOtherSocket",
]) {
  call(name, []);
  for (const first of hostile) {
    call(name, [first]);
    for (const second of hostile) call(name, [first, second]);
  }
}
for (const second of hostile) {
  call("lockFile", [fd, second]);
  call("sockets", [second, "inet6"]);
  call("execute", [["/no/such/command", second], {}]);
  call("execute", [["/no/such/command"], { PR_ADDON_TEST: second }]);
  for (const third of hostile) call("setAttribute", [fd, second, third]);
}
for (const family of ["inet", "inet6"]) for (const protocol of ["tcp", "udp"]) call("sockets", [protocol, family]);
for (const third of hostile) {
  call("readCodeLines", ["/proc/self/maps", Buffer.alloc(1 << 16), third]);
  call("filesMarked", ["/usr/bin", 0o4000, third]);
}
for (const length of [0, 1, 100, 4096]) {
  call("readSmall", ["/proc/self/maps", Buffer.alloc(length)]);
  call("readCodeLines", ["/proc/self/maps", Buffer.alloc(length), "/libc"]);
}
call("linksLike", ["/proc/self/fd", "/"]);
call("filesStamped", ["/usr/bin"]);
// What sets flags of V8 itself is not called with texts that might be some.
for (const first of hostile) if (typeof first !== "string") call("setEngineFlags", [first]);
const questions = ["readSmall", "readCodeLines", "readLink", "identity", "linksLike", "filesMarked"];
for (const what of [...questions, ...hostile]) {
  for (const rest of [
    [],
    ["maps"],
    ["fd", "/"],
    ["", "security.capability", 0o4000],
    ...hostile.map((one) => [one, one]),
  ]) {
    call("readAhead", [[[["/proc/self", "/usr/bin", "/no/such/folder"], [[what, ...rest]]]]]);
    call("takeBatch", ["/proc/self"]);
    call("readSmall", ["/proc/self/maps", Buffer.alloc(1 << 16)]);
  }
}
for (const one of hostile) {
  call("readAhead", [[one]]);
  call("readAhead", [[[one, one]]]);
  call("readAhead", [[[[one], [[one]]]]]);
}
call("takeBatch", [undefined]);
for (const one of [1, ...hostile]) {
  call("shareOtherSocket", [process.pid, fd, one]);
  call("readOtherSockets", [process.pid, [one]]);
  call("readOtherSockets", [process.pid, [{ fd, inode: one }]]);
}
for (const port of [0, 631, 65536]) {
  call("endSockets", [port, []]);
  for (const inode of hostile) call("endSockets", [port, [inode]]);
}
call("attributes", [fd]);
call("attribute", [process.execPath, "security.capability"]);
call("attribute", ["/no/such/file", "security.capability"]);

const good = { generation: 7n, digest: new Uint8Array(32).fill(9), tcp: [0, 631, 1023], udp: [631] };
for (const key of Object.keys(good)) {
  for (const value of hostile) {
    call("encodeTable", [{ ...good, [key]: value }]);
    call("encodeTable", [{ ...good, [key]: [value] }]);
  }
}
const table = addon.encodeTable(good);
for (let length = 0; length <= table.length + 1; length += 1) {
  const bytes = new Uint8Array(length);
  bytes.set(table.subarray(0, length));
  const { fault, table: view } = addon.decodeTable(bytes);
  const wanted = length < 4096 ? "short" : length > 4096 ? "long" : undefined;
  if (fault !== wanted || (view === undefined) !== (wanted !== undefined)) problems.push(`length ${length}: ${fault}`);
}
const { generation, retired, tcp, udp } = addon.decodeTable(table).table;
const shown = [generation, retired, tcp, udp].join(" ");
if (shown !== "7 false 0,631,1023 631") problems.push(`the table came back as ${shown}`);

closeSync(fd);
rmSync(scratch);
if (refused < 1000 || answered < 100) problems.push(`only ${refused} refused, ${answered} answered`);
for (const problem of problems.slice(0, 20)) console.error(problem);
console.log(`${refused} refused, ${answered} answered`);
process.exit(problems.length > 0 ? 1 : 0);
