// An ELF file that is made, of any class and byte order, with one call and perhaps one definition of an allocator.
import { craft } from "./elf-image.ts";

/** A made file that calls `bind`, which is renamed to rcmd, and perhaps defines bindresvport_sa. */
export function made(bits: 32 | 64, byteOrder: "little" | "big", machine = bits === 64 ? 62 : 3): Uint8Array {
  const text = Buffer.from(craft({ bits, byteOrder, machine, hash: "sysv" })).toString("latin1");
  const renamed = text.replace("\0bind\0", "\0rcmd\0").replace("portreserve_shim\0", "bindresvport_sa\0\0");
  return Buffer.from(renamed, "latin1");
}
