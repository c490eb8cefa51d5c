// Texts and files of a host, with changes: the loader's cache, /proc, and what systemd has and says. None makes its reader
// throw, or make much of little.
import fc from "fast-check";
import { parseSocketTable } from "../../src/core/sockets/table.ts";
import { parseManagerEnvironment } from "../../src/core/systemd/environment.ts";
import { parseEnvironmentFile } from "../../src/core/systemd/environment-file.ts";
import { fromShow } from "../../src/core/systemd/from-show.ts";
import { settingsOf } from "../../src/core/systemd/unit-file.ts";
import { unitName } from "../../src/core/systemd/unit-name.ts";
import { quoteWord, splitWords } from "../../src/core/systemd/words.ts";
import { headersOfAuxv, secureOfAuxv } from "../../src/observe/processes/auxv.ts";
import { unitOfCgroup } from "../../src/observe/processes/cgroup.ts";
import { domainOf } from "../../src/observe/processes/domain.ts";
import { preloadNames } from "../../src/observe/processes/environ.ts";
import { fileSystemsIn } from "../../src/observe/processes/file-systems.ts";
import { eachCode, lineAround, parseMappedFile, parseMapping, parseMaps } from "../../src/observe/processes/maps.ts";
import { differingPlace, hidingAt } from "../../src/observe/processes/mountinfo.ts";
import { loadedInOrder } from "../../src/observe/processes/slots/link-map.ts";
import { bootTime, parseStat } from "../../src/observe/processes/stat.ts";
import { capabilities, parseStatus } from "../../src/observe/processes/status.ts";
import { readLoaderCache } from "../../src/observe/programs/loader/cache.ts";
import { corpus } from "./corpus.ts";
import { mutated } from "./mutate.ts";
import { type FuzzTarget, insist, shownBytes } from "./target.ts";

const WORDS = [
  ...["\n", "\0", " ", "\t", ":", "=", ")", "(", "\\", '"', "'", "%", "$'", "[", "]", "{ path=", " (deleted)", "\\012"],
  ...["0::/", ".service", "LD_PRELOAD=", "\nUid:\t", "\nCapPrm:\t", "hidepid=", "gid=", "r-xp", "\xff\xfe", "\r"],
];
const samples = corpus("host");

/** What a text comes to, as text: to be compared with how long it was. */
function extentOf(value: unknown): number {
  return JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? String(inner) : inner))?.length ?? 0;
}

function checkCache(bytes: Uint8Array): void {
  const cache = readLoaderCache(bytes);
  if (cache === undefined) return;
  insist(cache.entries.length <= bytes.length / 24, () => `${cache.entries.length} entries of ${bytes.length} bytes`);
  const texts = cache.entries.reduce((sum, { soname, path }) => sum + soname.length + path.length, 0);
  insist(texts <= 4 * bytes.length, () => `${texts} characters of ${bytes.length} bytes`);
  for (const { soname, path } of cache.entries.slice(0, 8)) {
    const found = cache.lookup(soname, "x86_64");
    insist(found.length <= cache.entries.length && !found.some((one) => one.includes("\0")), () => `lookup: ${path}`);
  }
}

function checkMaps(bytes: Buffer): void {
  // Its readers give it whole lines.
  const lines = bytes.subarray(0, bytes.lastIndexOf("\n") + 1);
  const maps = parseMaps(lines);
  let seen = -1;
  eachCode(lines, ({ start, rangeEnd, file, end }) => {
    insist(start > seen && start <= rangeEnd && end <= lines.length, () => `a line at ${start} to ${end}`);
    seen = start;
    parseMappedFile(lines.toString("latin1", file, end));
    const mapping = parseMapping(lineAround(lines, start));
    insist(mapping === undefined || maps.some(({ range }) => range === mapping.range), () => "a mapping of no line");
  });
}

/** The bytes as all the memory that there is: the list goes anywhere in it, and in circles. */
function checkLoaderList(bytes: Buffer): void {
  headersOfAuxv(bytes);
  for (const word of [4, 8] as const) {
    const at = (address: bigint): bigint | undefined => {
      if (address < 0n || address + BigInt(word) > BigInt(bytes.length)) return undefined;
      return word === 8 ? bytes.readBigUInt64LE(Number(address)) : BigInt(bytes.readUInt32LE(Number(address)));
    };
    const headers = { address: 0n, entry: word === 8 ? 56 : 32, count: 2, word };
    const found = loadedInOrder(headers, at);
    insist(found === undefined || (found.length > 0 && found.length <= 4096), () => `${found?.length} objects`);
  }
}

const isString = (value: unknown): boolean => typeof value === "string";

function checkProc(bytes: Buffer): void {
  checkMaps(bytes);
  const stat = parseStat(bytes);
  insist(stat === undefined || (isString(stat.state) && Number.isFinite(stat.startedAt)), () => "no stat can be so");
  parseStatus(bytes);
  capabilities(bytes, "CapEff");
  const unit = unitOfCgroup(bytes);
  insist(unit === undefined || !/[/\n]/.test(unit), () => `'${unit}' is no unit`);
  domainOf(bytes);
  secureOfAuxv(bytes);
  checkLoaderList(bytes);
  preloadNames(bytes, "libportreserve.so");
  hidingAt(bytes, "/proc");
  insist(
    fileSystemsIn(bytes).every(({ device }) => /^[0-9a-f]+:[0-9a-f]+$/.test(device)),
    () => "a device that no mapping has",
  );
  insist(differingPlace(bytes, bytes) === undefined, () => "mounts that differ from themselves");
  bootTime(bytes, bytes, 1_700_000_000_000);
}

function checkTexts(bytes: Buffer): void {
  const text = bytes.toString("utf8");
  const rows = [...parseSocketTable(text, "inet"), ...parseSocketTable(text, "inet6")];
  const inRange = rows.every(({ port, address }) => port >= 0 && port <= 65_535 && /^[0-9a-f.:]+$/.test(address));
  insist(inRange, () => `no socket can be so: ${JSON.stringify(rows)}`);
  const read = [settingsOf(text), parseEnvironmentFile(text), parseManagerEnvironment(text), splitWords(text)];
  // Six characters at most for one, as JSON has it, and the names of the fields.
  const most = 200 * (text.length + 1);
  for (const value of read) insist(extentOf(value) <= most, () => `${extentOf(value)} characters of ${text.length}`);
  fromShow(text);
  unitName(text);
  const line = Buffer.from(text.replaceAll("\0", "").slice(0, 200)).toString("utf8");
  const { words, broken } = splitWords(quoteWord(line));
  insist(!broken && words.length === 1 && words[0] === line, () => `quoted and split it is ${JSON.stringify(words)}`);
}

export const target: FuzzTarget<Buffer> = {
  seeds: samples.length,
  cases: fc.oneof({ arbitrary: mutated(samples, WORDS), weight: 9 }, fc.uint8Array({ maxLength: 80 }).map(Buffer.from)),
  check: (bytes) => {
    checkCache(bytes);
    checkProc(bytes);
    checkTexts(bytes);
  },
  show: shownBytes,
};
