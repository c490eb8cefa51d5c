// Which files of /etc/portreserve change, and how, so that some ports have a word or lose it. Nothing is read or written here.
import { configure } from "../../core/config/configure.ts";
import { type ServiceBook, serviceBook } from "../../core/config/services.ts";
import type { Inputs, OwnerFile, ReservationKind } from "../../core/config/types.ts";
import { heldPorts, kindsIn } from "../../core/hold/held-ports.ts";
import { type PortPlace, placeText } from "../../core/hold/port-lines.ts";
import { withKind, withMore } from "../../core/hold/with-kind.ts";
import { tableContent } from "../../core/table/content.ts";
import type { Sources } from "../../observe/read-sources.ts";
import { AppError } from "../../system/app-error.ts";
import { OWNERS_FOLDER } from "../../system/paths.ts";

export interface WantedWord extends PortPlace {
  /** The file that gets the word: one that asks for the port already, or else one with this name. */
  readonly owner: string;
}

export interface Edit {
  readonly file: string;
  readonly old: Uint8Array | undefined;
  readonly bytes: Uint8Array;
}

/** `sources`: as they will be. */
export interface EditPlan {
  readonly edits: readonly Edit[];
  readonly sources: Sources;
}

/** `head`: the first line of a new file. Throws AppError `unsafe` where the files would not come to say just that. */
export function planWords(
  sources: Sources,
  wanted: readonly WantedWord[],
  kind: Exclude<ReservationKind, "reserve">,
  head: string,
): EditPlan {
  const book = serviceBook(sources.inputs);
  const edits = new Map<string, Edit>();
  for (const owner of new Set(wanted.map((one) => one.owner))) {
    const mine = wanted.filter((one) => one.owner === owner);
    const missing = mine.filter((place) => !rowsOf(sources, place).some((row) => row.owner === owner));
    const old = fileOf(sources.inputs, owner)?.bytes;
    const changed = old === undefined ? undefined : withKind(old, book, mine, kind);
    const bytes = missing.length === 0 ? changed : withMore(changed, missing, kind, head);
    if (bytes !== undefined) note(edits, sources.inputs, owner, old, bytes);
  }
  // A block by another file gives way to a hold, and a hold to a block.
  for (const [owner, file] of filesWith(sources, wanted, (other) => other !== "reserve" && other !== kind)) {
    const now = edits.get(pathOf(sources.inputs, owner))?.bytes ?? file.bytes;
    note(edits, sources.inputs, owner, file.bytes, withKind(now, book, wanted, kind));
  }
  return checked(sources, [...edits.values()], wanted, kind);
}

/** The same for ports that are only to be reserved from then on, whichever files hold or block them. */
export function planWithoutWords(sources: Sources, wanted: readonly PortPlace[]): EditPlan {
  const book: ServiceBook = serviceBook(sources.inputs);
  const edits = new Map<string, Edit>();
  for (const [owner, file] of filesWith(sources, wanted, (kind) => kind !== "reserve")) {
    note(edits, sources.inputs, owner, file.bytes, withKind(file.bytes, book, wanted, "reserve"));
  }
  return checked(sources, [...edits.values()], wanted, "reserve");
}

function note(edits: Map<string, Edit>, inputs: Inputs, owner: string, old: Edit["old"], bytes: Uint8Array): void {
  const file = pathOf(inputs, owner);
  if (bytes !== old) edits.set(file, { file, old, bytes });
}

function filesWith(
  { inputs, configuration }: Sources,
  wanted: readonly PortPlace[],
  isMeant: (kind: ReservationKind) => boolean,
): ReadonlyMap<string, OwnerFile> {
  const places = new Set(wanted.map(placeText));
  const rows = configuration.reservations.filter((row) => isMeant(row.kind) && places.has(placeText(row)));
  const owners = [...new Set(rows.map(({ owner }) => owner))];
  return new Map(
    owners.flatMap((owner): [string, OwnerFile][] => {
      const file = fileOf(inputs, owner);
      return file === undefined ? [] : [[owner, file]];
    }),
  );
}

function fileOf({ owners }: Inputs, owner: string): OwnerFile | undefined {
  return owners.find((file) => file.owner === owner);
}

function pathOf(inputs: Inputs, owner: string): string {
  return fileOf(inputs, owner)?.path ?? `${OWNERS_FOLDER}/${owner}`;
}

export function rowsOf(
  { configuration }: Pick<Sources, "configuration">,
  { port, protocol }: PortPlace,
): Sources["configuration"]["reservations"] {
  return configuration.reservations.filter((row) => row.port === port && row.protocol === protocol);
}

/** What was asked for is so, and nothing else has changed. */
function checked(
  sources: Sources,
  edits: readonly Edit[],
  wanted: readonly PortPlace[],
  kind: ReservationKind,
): EditPlan {
  const after = sourcesAfter(sources, edits);
  const [before, now] = [sources, after].map(({ configuration }) => kindsIn(heldPorts(configuration)));
  const asked = new Set(wanted.map(placeText));
  const word = kind === "reserve" ? undefined : kind;
  const wrong =
    wanted.find((place) => now?.(place) !== word) ??
    [...sources.held, ...after.held].find((place) => !asked.has(placeText(place)) && before?.(place) !== now?.(place));
  if (wrong === undefined) return { edits, sources: after };
  const files = edits.map(({ file }) => `'${file}'`).join(" and ");
  const what = { hold: "held", block: "blocked", reserve: "let go" }[kind];
  throw new AppError(
    "unsafe",
    `${placeText(wrong)} cannot be ${what} by a change of ${files === "" ? "any file" : files}; nothing was changed`,
    "'portreservectl check' shows what is wrong with it",
  );
}

/** What the configuration comes to with these files. */
export function sourcesAfter({ inputs }: Sources, edits: readonly Edit[]): Sources {
  const owners = [
    ...inputs.owners.map((file): OwnerFile => {
      const edit = edits.find((one) => one.file === file.path);
      return edit === undefined ? file : { ...file, bytes: edit.bytes };
    }),
    ...edits
      .filter(({ old }) => old === undefined)
      .map(({ file, bytes }) => ({ owner: file.slice(OWNERS_FOLDER.length + 1), path: file, bytes })),
  ];
  const changed: Inputs = { ...inputs, owners };
  const configuration = configure(changed);
  return { inputs: changed, configuration, content: tableContent(configuration), held: heldPorts(configuration) };
}
