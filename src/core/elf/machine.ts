// Names for what decides which programs can load a file.
import type { ElfAbi } from "./types.ts";

const EM_X86_64 = 62;
const EM_PPC64 = 21;

/** Without those whose name depends on more than the number: `machineName`. */
const NAMES: ReadonlyMap<number, readonly [bits32: string, bits64: string]> = new Map([
  [2, ["sparc", "sparc"]],
  [3, ["i386", "i386"]],
  [4, ["m68k", "m68k"]],
  [8, ["mips", "mips64"]],
  [15, ["parisc", "parisc64"]],
  [20, ["ppc", "ppc"]],
  [22, ["s390", "s390x"]],
  [40, ["arm", "arm"]],
  [42, ["sh", "sh"]],
  [43, ["sparc64", "sparc64"]],
  [50, ["ia64", "ia64"]],
  [EM_X86_64, ["x32", "x86_64"]],
  [183, ["aarch64 (ilp32)", "aarch64"]],
  [243, ["riscv32", "riscv64"]],
  [258, ["loongarch32", "loongarch64"]],
  [0x9026, ["alpha", "alpha"]],
]);

/** As uname(1) has it, "x32" for 32-bit pointers on x86_64, "machine N" for one without a name here. */
export function machineName({ machine, bits, byteOrder }: ElfAbi): string {
  if (machine === EM_PPC64) return byteOrder === "little" ? "ppc64le" : "ppc64";
  return NAMES.get(machine)?.[bits === 32 ? 0 : 1] ?? `machine ${machine}`;
}

export function sameAbi(one: ElfAbi, other: ElfAbi): boolean {
  return one.machine === other.machine && one.bits === other.bits && one.byteOrder === other.byteOrder;
}
