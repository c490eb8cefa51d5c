// reserve with ports: into the file of the service that is named, or of the one that has them, or that they are known for.
import { BLACKLIST_OWNER } from "../../core/config/blacklist.ts";
import { isOwnerName } from "../../core/config/owner-name.ts";
import { ownerOfUnit } from "../../core/config/reservation-text.ts";
import { parseServices } from "../../core/config/services.ts";
import { type PortPlace, placeText } from "../../core/hold/port-lines.ts";
import { withMore } from "../../core/hold/with-kind.ts";
import { mechanismFor } from "../../core/mechanism.ts";
import { groupsOf, unique } from "../../core/text.ts";
import type { Coverage } from "../../coverage/coverage.ts";
import { newMemory } from "../../observe/read-memory.ts";
import { readSources, type Sources } from "../../observe/read-sources.ts";
import type { Line, Report } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { OWNERS_FOLDER } from "../../system/paths.ts";
import { assessHost } from "../coverage/look.ts";
import { fileChanges } from "../hold/apply.ts";
import { type Edit, rowsOf, sourcesAfter } from "../hold/edits.ts";
import { changesJson, diffBlock } from "../install/report.ts";
import { findTarget } from "../lookup/target.ts";
import type { Context } from "../types.ts";
import { underLock } from "../under-lock.ts";
import { nextStep } from "./next-step.ts";
import { applyFiles, fileLines, resultOfFiles } from "./write.ts";

const PORT_WORD = /^\d+(-\d+)?(\/.*)?$/;

/** "631", "cups 631/tcp"; a name alone is a unit that is looked at. */
export function asksForPorts(args: readonly string[]): boolean {
  return args.length > 1 || PORT_WORD.test(args[0] ?? "");
}

export function reservePorts(context: Context): Report | Promise<Report> {
  const { facts, coverage } = assessHost(context, newMemory());
  const work = (): Report => {
    const sources = readSources(context.options, "may miss");
    const wanted = wantedPlaces(context, sources, coverage);
    const places = wanted.map(({ port, protocol, owner }) => ({
      port,
      protocol,
      owner,
      file: fileFor(sources, owner),
    }));
    const changes = fileChanges(context.options.root, editsFor(context, sources, wanted));
    const { dryRun, root } = context.options;
    if (!dryRun) applyFiles(root, changes);
    const result = resultOfFiles(changes, dryRun);
    const lines: Line[] = [
      ...(result === "unchanged"
        ? groupsOf(places, ({ file }) => file).map(unchangedLine)
        : fileLines(changes, dryRun)),
      ...unique(wanted.map(({ port }) => port))
        .filter((port) => mechanismFor(port).name !== "preload")
        .map((port) => `${port}: ${mechanismFor(port).explanation}`),
      ...(result === "written" ? [nextStep(facts)] : []),
    ];
    return {
      command: "reserve",
      outcome: "done",
      diagnostics: [],
      body: [...(dryRun ? [diffBlock(changes)] : []), { kind: "lines", lines, hang: 2 }],
      data: {
        dryRun,
        result,
        unit: null,
        file: null,
        ports: places.map((one) => ({ ...one, mechanism: mechanismFor(one.port).name })),
        random: [],
        changes: changesJson(changes, dryRun),
      },
    };
  };
  return context.options.dryRun ? work() : underLock(context, work);
}

interface Wanted extends PortPlace {
  readonly owner: string;
}

function unchangedLine(places: readonly (PortPlace & { readonly file: string })[]): Line {
  return `unchanged: '${places[0]?.file}' reserves ${places.map(placeText).join(" ")}`;
}

/** Throws AppError `usage`. */
function wantedPlaces({ args, options }: Context, sources: Sources, coverage: Coverage): readonly Wanted[] {
  const [first = "", ...rest] = args;
  const named = PORT_WORD.test(first) ? undefined : ownerNamed(first);
  const words = named === undefined ? args : rest;
  const all = words.flatMap((word) => [...findTarget(word, { sources, messages: [] }, options.root, "reserve").ports]);
  const places = groupsOf(all, placeText).map(([place]) => place);
  return places.map((place) => ({ ...place, owner: named ?? ownerFor(place.port, sources, coverage) }));
}

function ownerNamed(word: string): string {
  const owner = ownerOfUnit(word);
  if (/^\w[\w:.@-]*$/.test(word) && isOwnerName(owner) && owner !== BLACKLIST_OWNER) return owner;
  throw new AppError(
    "usage",
    `'${word}' cannot be the name of a file in '${OWNERS_FOLDER}'`,
    "name the service first, then its ports",
  );
}

/** The file that asks for it, the unit that has it, the service that it is known for, or the port itself. */
function ownerFor(port: number, sources: Sources, { ports }: Coverage): string {
  const rows = sources.configuration.reservations.filter((row) => row.port === port);
  const asking = rows.find(({ owner }) => owner !== BLACKLIST_OWNER)?.owner;
  const holders = ports.filter((state) => state.port === port).flatMap((state) => state.holders);
  const unit = holders
    .filter(({ verdict }) => verdict === "owner" || verdict === "unjudged")
    .find((holder) => holder.unit !== undefined && /\.(service|socket)$/.test(holder.unit))?.unit;
  const { services, vendorServices } = sources.inputs;
  const known = [services, vendorServices]
    .flatMap((file) => (file === undefined ? [] : [...parseServices(file.bytes)]))
    .filter(([name, { tcp, udp }]) => (tcp === port || udp === port) && /^[\w:-]+$/.test(name) && isOwnerName(name))
    .map(([name]) => name);
  return asking ?? (unit === undefined ? (known[0] ?? `port-${port}`) : ownerOfUnit(unit));
}

function fileFor({ inputs }: Sources, owner: string): string {
  return inputs.owners.find((file) => file.owner === owner)?.path ?? `${OWNERS_FOLDER}/${owner}`;
}

/** Throws AppError `unsafe` where the files would not come to reserve just that. */
function editsFor({ args }: Context, sources: Sources, wanted: readonly Wanted[]): readonly Edit[] {
  const head = `# written by 'portreservectl reserve ${args.join(" ")}'`;
  const isMissing = (from: Sources, { owner, ...place }: Wanted): boolean =>
    !rowsOf(from, place).some((row) => row.owner === owner);
  const missing = wanted.filter((one) => isMissing(sources, one));
  const edits = groupsOf(missing, ({ owner }) => owner).map((mine): Edit => {
    const [{ owner }] = mine;
    const old = sources.inputs.owners.find((file) => file.owner === owner)?.bytes;
    return { file: fileFor(sources, owner), old, bytes: withMore(old, mine, "reserve", head) };
  });
  const after = sourcesAfter(sources, edits);
  const lost = missing.find((one) => isMissing(after, one));
  if (lost === undefined) return edits;
  throw new AppError(
    "unsafe",
    `nothing can be added to '${fileFor(sources, lost.owner)}'; it was not changed`,
    "'portreservectl check' shows what is wrong with it",
  );
}
