// The configuration on real files with changes: no bytes make it throw, every diagnostic points at what is there, what it
// reserves is in the promised order, and the table of it comes back from its own bytes.
import fc from "fast-check";
import { BLACKLIST_OWNER } from "../../src/core/config/blacklist.ts";
import { configure } from "../../src/core/config/configure.ts";
import type { Configuration, Reservation, SourceFile } from "../../src/core/config/types.ts";
import { HOLD_LIMIT, heldPorts } from "../../src/core/hold/held-ports.ts";
import { holdText, parseHoldText } from "../../src/core/hold/hold-text.ts";
import { tableContent } from "../../src/core/table/content.ts";
import { corpus } from "./corpus.ts";
import { mutated } from "./mutate.ts";
import { type FuzzTarget, insist, shownBytes } from "./target.ts";

const WORDS = [
  ...[
    "\n",
    "\r\n",
    "\0",
    "\x1b[31m",
    " ",
    "\t",
    "#",
    "-",
    "/",
    "/tcp",
    "/UDP",
    "/sctp",
    "\xef\xbb\xbf",
    "\xff",
    "\xc3\xa9",
  ],
  ...["0", "00631", "631", "1023", "1024", "65535", "65536", "99999999999", "0x277", "0655", "+631", "ipp", "rsync"],
  ...[" hold", "\tBLOCK", " hold block", "hold ", "hodl"],
  ...["__proto__", "constructor", "\xe2\x80\xa8", "\xf0\x9d\x94\xa6"],
];
const samples = corpus("config");
const file = mutated(samples, WORDS);

interface Case {
  readonly owners: readonly Buffer[];
  readonly blacklist: Buffer | undefined;
  readonly services: Buffer | undefined;
}

function linesOf(bytes: Uint8Array): string[] {
  return Buffer.from(bytes).toString("utf8").split("\n");
}

function insistOnPlaces(configuration: Configuration, files: readonly SourceFile[]): void {
  const lines = new Map(files.map(({ path, bytes }) => [path, linesOf(bytes)]));
  for (const { code, message, place, file } of configuration.diagnostics) {
    insist(/^[a-z0-9-]+$/.test(code) && message.length < 2000, () => `a diagnostic that says too much: ${code}`);
    insist(place === undefined || file === undefined, () => `a diagnostic in two places: ${code}`);
    if (place === undefined) continue;
    const line = lines.get(place.file)?.[place.line - 1];
    insist(line?.includes(place.text) === true, () => `${code} is on a line that is not there: ${place.line}`);
    const end = place.column - 1 + place.length;
    insist(place.column >= 1 && place.length >= 1 && end <= [...place.text].length, () => `${code} is beyond its line`);
  }
}

function compare(a: Reservation, b: Reservation): number {
  const texts = (one: Reservation): readonly string[] => [one.protocol, one.owner, one.file];
  const [left, right] = [texts(a), texts(b)];
  const at = left.findIndex((text, index) => text !== right[index]);
  return a.port - b.port || (at < 0 ? 0 : (left[at] ?? "") < (right[at] ?? "") ? -1 : 1);
}

function insistOnOrder(rows: readonly Reservation[]): void {
  rows.forEach((row, at) => {
    const previous = rows[at - 1];
    insist(row.port >= 1 && row.port <= 65_535 && row.line >= 1, () => `no row can be so: ${JSON.stringify(row)}`);
    const inOrder = previous === undefined || previous.port < row.port || compare(previous, row) < 0;
    insist(inOrder, () => `${JSON.stringify(row)} comes behind ${JSON.stringify(previous)}`);
  });
}

/** What is held is reserved, and its file says the same to who reads it. */
function insistOnHeld(configuration: Configuration): string {
  const held = heldPorts(configuration);
  const reserved = new Set(configuration.reservations.map(({ port, protocol }) => `${port}/${protocol}`));
  const lost = held.find(({ port, protocol }) => !reserved.has(`${port}/${protocol}`));
  insist(lost === undefined, () => `held, and not reserved: ${JSON.stringify(lost)}`);
  insist(held.length <= HOLD_LIMIT, () => `${held.length} ports are held`);
  const text = holdText(held);
  const read = parseHoldText(Buffer.from(text));
  insist(
    JSON.stringify(read) === JSON.stringify(held),
    () => `the file of held ports does not say what is held: ${text}`,
  );
  return text;
}

/** Rows up to which everything is done twice: a range can make a hundred thousand of a line. */
const FEW = 3000;

function check({ owners, blacklist, services }: Case): void {
  const source = (path: string, bytes: Uint8Array | undefined): SourceFile | undefined =>
    bytes === undefined ? undefined : { path, bytes };
  const files = owners.map((bytes, index) => ({ owner: `o${index}`, path: `/etc/portreserve/o${index}`, bytes }));
  const black = source("/etc/bindresvport.blacklist", blacklist);
  const inputs = { blacklist: black, services: source("/etc/services", services), problems: [] };
  const configuration = configure({ ...inputs, owners: files });
  insistOnPlaces(configuration, black === undefined ? files : [...files, black]);
  insistOnOrder(configuration.reservations);
  insist(
    black !== undefined || configuration.reservations.every(({ owner }) => owner !== BLACKLIST_OWNER),
    () => "reservations of a blacklist that is not there",
  );
  const content = tableContent(configuration);
  for (const ports of [content.tcp, content.udp]) {
    const sorted = ports.every((port, at) => port >= 1 && port <= 1023 && (at === 0 || port > (ports[at - 1] ?? 0)));
    insist(sorted, () => `ports that fit no table: ${ports.join(" ")}`);
  }
  const text = insistOnHeld(configuration);
  if (configuration.reservations.length > FEW) return;
  const reversed = configure({ ...inputs, owners: [...files].reverse() });
  const again = tableContent(reversed);
  insist(JSON.stringify(again) === JSON.stringify(content), () => "the order of the files changes the table");
  insist(insistOnHeld(reversed) === text, () => "the order of the files changes what is held");
}

export const target: FuzzTarget<Case> = {
  seeds: samples.length,
  cases: fc.record({
    owners: fc.array(file, { minLength: 1, maxLength: 2 }),
    blacklist: fc.option(file, { nil: undefined, freq: 2 }),
    services: fc.option(file, { nil: undefined, freq: 2 }),
  }),
  check,
  show: ({ owners, blacklist, services }) =>
    [
      ...owners.map((bytes, index) => `owner ${index}: ${shownBytes(bytes)}`),
      `blacklist: ${blacklist === undefined ? "none" : shownBytes(blacklist)}`,
      `services: ${services === undefined ? "none" : shownBytes(services)}`,
    ].join("\n"),
};
