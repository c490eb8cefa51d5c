// A tar archive as bytes (ustar, POSIX.1-1988): equal entries and times give equal bytes, and everything belongs to root.
import { Buffer } from "node:buffer";

/** `path`: relative, ASCII, at most 100 bytes. `bytes`: undefined for a folder. */
export interface TarEntry {
  readonly path: string;
  readonly mode: number;
  readonly bytes?: Uint8Array;
}

const BLOCK = 512;
/** GNU tar reads 20 blocks at once, and pads to as many. */
const RECORD = 20 * BLOCK;

/** `time`: of every entry, in seconds since 1970. Throws RangeError for a path that the format cannot say. */
export function tarBytes(entries: readonly TarEntry[], time: number): Uint8Array {
  const parts = entries.flatMap((entry) => [header(entry, time), padded(entry.bytes ?? new Uint8Array())]);
  const size = parts.reduce((sum, { length }) => sum + length, 2 * BLOCK);
  return Buffer.concat(parts, Math.ceil(size / RECORD) * RECORD);
}

function padded(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes], Math.ceil(bytes.length / BLOCK) * BLOCK);
}

function header({ path, mode, bytes }: TarEntry, time: number): Uint8Array {
  const name = bytes === undefined ? `${path}/` : path;
  if (!/^[\x20-\x7e]{1,100}$/.test(name)) throw new RangeError(`no name for a tar archive: '${name}'`);
  const block = Buffer.alloc(BLOCK);
  const octal = (at: number, width: number, value: number): void => {
    block.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at, "latin1");
  };
  block.write(name, 0, "latin1");
  octal(100, 8, mode);
  octal(108, 8, 0);
  octal(116, 8, 0);
  octal(124, 12, bytes?.length ?? 0);
  octal(136, 12, time);
  block.write(`        ${bytes === undefined ? "5" : "0"}`, 148, "latin1");
  block.write("ustar\x0000root", 257, "latin1");
  block.write("root", 297, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}
