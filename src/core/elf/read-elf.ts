// Bytes to an ElfFile, or to why they are none.
import { isLoad, latin1Of, namesOf, readDynamic, readSegments, Tag } from "./image.ts";
import { faultless, malformed, type Reader, readerOf, truncated, unsupported } from "./reader.ts";
import type { ElfFault, ElfFile, ElfSource, Image, Layout, Segment } from "./types.ts";
import { readVersions } from "./versions.ts";

const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const PT_GNU_STACK = 0x6474e551;
const PF_X = 1;

const DF_SYMBOLIC = 2;
const DF_TEXTREL = 4;
const DF_1_PIE = 0x08000000;

/** The kernel's own limit for the path of a program's loader, in bytes. */
const PATH_LIMIT = 4096;

const MAGIC = [0x7f, 0x45, 0x4c, 0x46];

/**
 * Never throws, whatever the bytes, unless the source does. Reads the headers, the dynamic section and the versions: a
 * few blocks of a file of any size, at most READ_LIMIT of a hostile one. `without versions`: that half of the work is left
 * out, and the file is one of which no symbol with a version may be asked.
 */
export function readElf(source: ElfSource, depth: Depth = "whole"): ElfFile | ElfFault {
  const identity = source.read(0, 16);
  if (MAGIC.some((byte, at) => identity[at] !== byte)) return { fault: "not-elf", reason: "is not an ELF file" };
  return faultless(() => fileOf(source, layoutOf(identity), depth));
}

export type Depth = "whole" | "without versions";

/** A file that was read without versions, with them: nothing else is read again. Never throws, unless the source does. */
export function withVersions(file: ElfFile): ElfFile | ElfFault {
  const { source, layout, loads, tags } = file.image;
  return faultless(() => {
    const reader = readerOf(source, layout);
    const versions = readVersions({ reader, loads, name: namesOf(reader, loads, tags) }, tags);
    const { needed, defined, byIndex } = versions;
    return { ...file, versionsNeeded: needed, versionsDefined: defined, image: { ...file.image, versions: byIndex } };
  });
}

function layoutOf(identity: Uint8Array): Layout {
  const [, , , , size, order, version] = identity;
  if (size === undefined || order === undefined || version === undefined || identity.length < 16) {
    return truncated(`it ends within its header, at byte ${identity.length}`);
  }
  if (size !== 1 && size !== 2) return malformed(`its class is ${size}, neither 1 (32 bits) nor 2 (64 bits)`);
  if (order !== 1 && order !== 2) return malformed(`its byte order is ${order}, neither 1 (little) nor 2 (big)`);
  if (version !== 1) return unsupported(`its version of ELF is ${version}, not 1`);
  return { bits: size === 1 ? 32 : 64, byteOrder: order === 1 ? "little" : "big" };
}

function fileOf(source: ElfSource, layout: Layout, depth: Depth): ElfFile {
  const reader = readerOf(source, layout);
  const wide = layout.bits === 64;
  const header = reader.take(0, wide ? 64 : 52, "its headers");
  const type = header.u16(16);
  const machine = header.u16(18);
  const sizes = wide ? 54 : 42;
  const segments = readSegments(reader, header.word(wide ? 32 : 28), header.u16(sizes + 2), header.u16(sizes));
  const loads = segments.filter(isLoad);
  // Files of debugging symbols have the headers of their program, without the bytes.
  const interpreter = segments.find((segment) => segment.type === PT_INTERP && segment.size > 0);
  const dynamic = segments.findLast((segment) => segment.type === PT_DYNAMIC && segment.size > 0);
  const loader = interpreter === undefined ? undefined : interpreterOf(reader, interpreter);
  return {
    ...layout,
    machine,
    type: type === 2 ? "executable" : type === 3 ? "shared" : "other",
    ...(loader === undefined ? {} : { interpreter: loader }),
    stack: stackOf(segments),
    ...dynamicOf(reader, { source, layout, machine, loads }, dynamic, loader !== undefined, depth),
  };
}

function stackOf(segments: readonly Segment[]): ElfFile["stack"] {
  const mark = segments.findLast((segment) => segment.type === PT_GNU_STACK);
  if (mark === undefined) return "unmarked";
  return (mark.flags & PF_X) === 0 ? "plain" : "executable";
}

function interpreterOf(reader: Reader, { offset, size }: Segment): string {
  if (size < 2 || size > PATH_LIMIT) malformed(`the name of its loader is ${size} bytes`);
  const { bytes } = reader.take(offset, size, "the bytes of its loader's name");
  if (bytes.at(-1) !== 0) malformed("the name of its loader has no end");
  return latin1Of(bytes.subarray(0, bytes.indexOf(0)));
}

const NO_VERSIONS = { needed: [], defined: [], byIndex: new Map<number, string>() } as const;

type Dynamic =
  | "isPie"
  | "isStatic"
  | "needed"
  | "soname"
  | "rpath"
  | "runpath"
  | "isSymbolic"
  | "hasTextRelocations"
  | "versionsNeeded"
  | "versionsDefined"
  | "image";

function dynamicOf(
  reader: Reader,
  kept: Pick<Image, "source" | "layout" | "machine" | "loads">,
  dynamic: Segment | undefined,
  hasLoader: boolean,
  depth: Depth,
): Pick<ElfFile, Dynamic> {
  const none = { tags: new Map<number, number>(), needed: [] };
  const { tags, needed } = dynamic === undefined ? none : readDynamic(reader, kept.loads, dynamic);
  const name = namesOf(reader, kept.loads, tags);
  const versions = depth === "whole" ? readVersions({ reader, loads: kept.loads, name }, tags) : NO_VERSIONS;
  const text = <K extends string>(key: K, tag: number): Partial<Record<K, string>> => {
    const at = tags.get(tag);
    return at === undefined ? {} : ({ [key]: name(at) } as Record<K, string>);
  };
  const flags = tags.get(Tag.FLAGS) ?? 0;
  return {
    isPie: ((tags.get(Tag.FLAGS_1) ?? 0) & DF_1_PIE) !== 0,
    isStatic: !hasLoader && needed.length === 0,
    needed: needed.map(name),
    ...text("soname", Tag.SONAME),
    ...text("rpath", Tag.RPATH),
    ...text("runpath", Tag.RUNPATH),
    isSymbolic: tags.has(Tag.SYMBOLIC) || (flags & DF_SYMBOLIC) !== 0,
    hasTextRelocations: tags.has(Tag.TEXTREL) || (flags & DF_TEXTREL) !== 0,
    versionsNeeded: versions.needed,
    versionsDefined: versions.defined,
    image: { ...kept, tags, versions: versions.byIndex },
  };
}
