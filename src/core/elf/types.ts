// What the ELF reader takes and gives: a source of bytes, and a file as the dynamic loader sees it, or why it is none.

/** Where the bytes come from. It must stay readable for as long as `symbols` is asked about the file. */
export interface ElfSource {
  /** In bytes. */
  readonly size: number;
  /** A shorter answer than `length` is the end of the file. What this throws passes through the reader. */
  read(offset: number, length: number): Uint8Array;
}

/** `truncated`: what follows is cut off, which kills programs that map it. `unsupported`: beyond this reader's limits. */
export interface ElfFault {
  readonly fault: "not-elf" | "truncated" | "malformed" | "unsupported";
  /** Completes "the file 'X' …". */
  readonly reason: string;
}

export type ByteOrder = "little" | "big";

/** What decides which programs can load a file. */
export interface ElfAbi {
  readonly bits: 32 | 64;
  readonly byteOrder: ByteOrder;
  /** The ELF number, EM_*. `machineName` gives it a name. */
  readonly machine: number;
}

/** How the numbers of a file are written. */
export interface Layout {
  readonly bits: 32 | 64;
  readonly byteOrder: ByteOrder;
}

/** One program header. */
export interface Segment {
  readonly type: number;
  readonly flags: number;
  /** Bytes `offset` to `offset + size` of the file are at `address`. */
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

/** What is kept of a file: small, so that thousands can be. */
export interface Image {
  readonly source: ElfSource;
  readonly layout: Layout;
  readonly machine: number;
  readonly loads: readonly Segment[];
  /** The last value of each tag but DT_NEEDED, as the loader has it. */
  readonly tags: ReadonlyMap<number, number>;
  /** Versions by the index that symbols name them with. */
  readonly versions: ReadonlyMap<number, string>;
}

/** A version of another file's symbols without which the loader refuses this one, unless the need is weak. */
export interface VersionNeed {
  readonly file: string;
  readonly version: string;
  readonly weak: boolean;
}

/**
 * A file as the loader sees it: from its program headers and its dynamic section, never from section headers, which may
 * be stripped. In texts each character stands for one byte, so that nothing is lost; they may hold any byte but NUL.
 */
export interface ElfFile extends ElfAbi {
  /** Programs are `executable`, or `shared` with `isPie`. `other`: object files and core dumps. */
  readonly type: "executable" | "shared" | "other";
  /** Marked as a program that may be loaded anywhere. Old linkers do not mark them. */
  readonly isPie: boolean;
  /** The loader that the kernel starts this program with. A shared library that can be run has one too. */
  readonly interpreter?: string;
  /** Of programs: no loader runs, so nothing can be preloaded. */
  readonly isStatic: boolean;
  readonly needed: readonly string[];
  readonly soname?: string;
  readonly rpath?: string;
  readonly runpath?: string;
  /** Linked with -Bsymbolic: its own calls go to its own definitions first. -Bsymbolic-functions leaves no mark. */
  readonly isSymbolic: boolean;
  /** The loader has to write into its code. */
  readonly hasTextRelocations: boolean;
  /** `unmarked`: there is no PT_GNU_STACK, and the loader makes the stack executable on most machines. */
  readonly stack: "executable" | "plain" | "unmarked";
  readonly versionsNeeded: readonly VersionNeed[];
  /** In the file's order, without the file's own name. */
  readonly versionsDefined: readonly string[];
  /** For `symbols`. */
  readonly image: Image;
}

export type SymbolKind = "none" | "object" | "function" | "thread-local" | "ifunc" | "other";

/** A symbol that takes part in dynamic linking. */
export interface ElfSymbol {
  readonly name: string;
  /** Here; otherwise another file has to. */
  readonly defined: boolean;
  readonly weak: boolean;
  readonly kind: SymbolKind;
  /** The version it is defined with, or that it is needed in. */
  readonly version?: string;
  /** Only references that ask for this very version find it ('name@VERSION', where others are 'name@@VERSION'). */
  readonly hidden: boolean;
}
