// /proc/PID/maps: which files a process runs code from. A path may hold anything but a newline, and is never evidence.

const NEWLINE = 0x0a;
const SPACE = 0x20;
const EXECUTE = 0x78;

/** Where parts of one line are in the bytes it was found in. */
export interface LinePlaces {
  /** "START-END" is from `start` to `rangeEnd`. */
  readonly start: number;
  readonly rangeEnd: number;
  /** "DEVICE INODE   PATH" is from `file` to `end`, the end of the line. */
  readonly file: number;
  readonly end: number;
}

/** Visits each line that maps a file to run code from. `bytes` are whole lines. Fast: it is called for every process. */
export function eachCode(bytes: Buffer, visit: (places: LinePlaces) => void): void {
  for (let start = 0; start < bytes.length; ) {
    let at = start;
    while (at < bytes.length && bytes[at] !== SPACE) at += 1;
    const rangeEnd = at;
    const found = bytes.indexOf(NEWLINE, at);
    const end = found < 0 ? bytes.length : found;
    if (bytes[rangeEnd + 3] === EXECUTE) {
      // The offset is between the permissions and the device.
      at = rangeEnd + 6;
      while (at < end && bytes[at] !== SPACE) at += 1;
      const file = at + 1;
      // Without a file it is "00:00 0", and the path is a note such as [vdso].
      if (!(bytes[file] === 0x30 && bytes.toString("latin1", file, file + 7) === "00:00 0"))
        visit({ start, rangeEnd, file, end });
    }
    start = end + 1;
  }
}

export interface MappedFile {
  /** "08:01", as the kernel names it here: not always as stat has it. */
  readonly device: string;
  readonly inode: string;
  /** One character for each byte; newlines are still "\012", and it may end in " (deleted)". */
  readonly path: string;
}

/** Of the part of a line that `LinePlaces.file` begins. */
export function parseMappedFile(text: string): MappedFile | undefined {
  const [, device, inode, path] = /^([0-9a-f]+:[0-9a-f]+) (\d+) *(.*)$/s.exec(text) ?? [];
  return device === undefined || inode === undefined || path === undefined || inode === "0"
    ? undefined
    : { device, inode, path };
}

export interface Mapping {
  /** Addresses: `start` included, `end` not. */
  readonly start: bigint;
  readonly end: bigint;
  /** As the kernel writes the two; the name in map_files. */
  readonly range: string;
  readonly executable: boolean;
  /** Of `start` in the file, in bytes. */
  readonly offset: bigint;
  readonly file: MappedFile | undefined;
}

/** Every line. `bytes` are whole lines; what is no such line is left out. */
export function parseMaps(bytes: Buffer): readonly Mapping[] {
  return bytes
    .toString("latin1")
    .split("\n")
    .flatMap((line) => parseMapping(line) ?? []);
}

export function parseMapping(line: string): Mapping | undefined {
  const [, start, end, execute, offset, file] = /^([0-9a-f]+)-([0-9a-f]+) ..(.). ([0-9a-f]+) (.*)$/s.exec(line) ?? [];
  if (start === undefined || end === undefined || file === undefined) return undefined;
  return {
    start: BigInt(`0x${start}`),
    end: BigInt(`0x${end}`),
    range: `${start}-${end}`,
    executable: execute === "x",
    offset: BigInt(`0x${offset}`),
    file: parseMappedFile(file),
  };
}

/** The whole line around a place in `bytes`. */
export function lineAround(bytes: Buffer, place: number): string {
  const start = bytes.lastIndexOf(NEWLINE, place) + 1;
  const end = bytes.indexOf(NEWLINE, place);
  return bytes.toString("latin1", start, end < 0 ? bytes.length : end);
}

/**
 * The paths that the kernel may mean, the likeliest first: it writes a newline as "\012" and leaves the backslashes of
 * such a name as they are, and a file's own name may end as the kernel marks a deleted one.
 */
export function pathsMeant(path: string): readonly string[] {
  const plain = path.replaceAll("\\012", "\n");
  return plain === path ? [path] : [plain, path];
}

/** As the kernel has it behind the path of a file that has no name any more. */
export const DELETED = " (deleted)";

export function withoutDeletedMark(path: string): string {
  return path.endsWith(DELETED) ? path.slice(0, -DELETED.length) : path;
}
