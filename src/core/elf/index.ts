// Our ELF reader, as the rest of the manager uses it.
export { incompatibilities } from "./abi-compat.ts";
export { machineName, sameAbi } from "./machine.ts";
export { readElf } from "./read-elf.ts";
export { bytesSource } from "./reader.ts";
export { symbols } from "./symbols.ts";
export type { ElfAbi, ElfFault, ElfFile, ElfSource, ElfSymbol, VersionNeed } from "./types.ts";
