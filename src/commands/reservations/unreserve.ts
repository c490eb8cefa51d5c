// unreserve: ports of a service, or of whichever file asks for them, are no longer reserved.
import { BLACKLIST_OWNER } from "../../core/config/blacklist.ts";
import { serviceBook } from "../../core/config/services.ts";
import type { OwnerFile } from "../../core/config/types.ts";
import { kindsIn } from "../../core/hold/held-ports.ts";
import { type PortPlace, placeText } from "../../core/hold/port-lines.ts";
import { withoutLinesFor } from "../../core/hold/without-ports.ts";
import type { Change } from "../../core/install/change.ts";
import { groupsOf } from "../../core/text.ts";
import { readSources, type Sources } from "../../observe/read-sources.ts";
import type { Line, Message, Report } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { commandLine } from "../../system/command-text.ts";
import { BLACKLIST_FILE } from "../../system/paths.ts";
import { fileChanges } from "../hold/apply.ts";
import { rowsOf } from "../hold/edits.ts";
import { changesJson, diffBlock } from "../install/report.ts";
import { findTarget } from "../lookup/target.ts";
import { needRoot } from "../need-root.ts";
import type { Command, Context } from "../types.ts";
import { underLock } from "../under-lock.ts";
import { applyFiles, fileLines, resultOfFiles } from "./write.ts";

export const unreserve: Command = (context): Report | Promise<Report> => {
  if (context.options.dryRun) return unreserveOnce(context);
  needRoot(context);
  return underLock(context, () => unreserveOnce(context));
};

function unreserveOnce(context: Context): Report {
  const { options } = context;
  const { root, dryRun } = options;
  const sources = readSources(options, "may miss");
  const { owner, places } = askedFor(context, sources);
  refuseHeld(places, sources, root);
  const files = sources.inputs.owners.filter((file) => owner === undefined || file.owner === owner);
  const changes = files.flatMap((file) => changesOf(root, file, sources, places));
  if (!dryRun) applyFiles(root, changes);
  const left = places.filter((place) => rowsOf(sources, place).some((row) => row.owner === BLACKLIST_OWNER));
  const result = resultOfFiles(changes, dryRun);
  const lines: Line[] = [
    ...(result === "unchanged" ? ["unchanged: no file asks for it"] : fileLines(changes, dryRun)),
    ...(result === "written"
      ? [`'${commandLine(root, "compile")}' makes it take effect, where the table does not follow by itself`]
      : []),
  ];
  return {
    command: "unreserve",
    outcome: "done",
    diagnostics: [],
    messages: left.length === 0 ? [] : [blacklisted(left)],
    body: [...(dryRun ? [diffBlock(changes)] : []), { kind: "lines", lines, hang: 2 }],
    data: {
      dryRun,
      result,
      ports: places.map(({ port, protocol }) => ({ port, protocol })),
      changes: changesJson(changes, dryRun),
    },
  };
}

function blacklisted(places: readonly PortPlace[]): Message {
  const ports = places.map(placeText).join(" and ");
  const message = `'${BLACKLIST_FILE}' still keeps ${ports} from being handed out`;
  return { severity: "note", message, hint: `libtirpc reads it too: remove its line by hand if nobody needs it` };
}

interface Asked {
  /** Undefined: whichever file asks for them. */
  readonly owner: string | undefined;
  readonly places: readonly PortPlace[];
}

/** Throws AppError `usage`. */
function askedFor({ args, options: { root } }: Context, sources: Sources): Asked {
  const [first = "", ...rest] = args;
  const owner = sources.inputs.owners.find((file) => file.owner === first)?.owner;
  const targets = (owner === undefined || rest.length === 0 ? args : rest).map((word) =>
    findTarget(word, { sources, messages: [] }, root, "unreserve"),
  );
  if (targets.some(({ kind, name }) => kind === "owner" && name === BLACKLIST_OWNER)) {
    throw new AppError(
      "usage",
      `'${BLACKLIST_FILE}' is libtirpc's too, so it is not changed`,
      "remove its lines by hand",
    );
  }
  const places = groupsOf(
    targets.flatMap(({ ports }) => [...ports]),
    placeText,
  ).map(([place]) => place);
  return { owner: owner ?? targets.find(({ kind }) => kind === "owner")?.name, places };
}

/** A port that is let go by its file alone would stay held until the next compile, and nobody would have said so. */
function refuseHeld(places: readonly PortPlace[], { held }: Sources, root: string): void {
  const kindOf = kindsIn(held);
  const kept = places.filter((place) => kindOf(place) !== undefined);
  if (kept.length === 0) return;
  const words = kept.map(placeText);
  throw new AppError(
    "unsafe",
    `${words.join(" and ")} ${kept.length === 1 ? "is" : "are"} held or blocked; nothing was changed`,
    `run 'sudo ${commandLine(root, `unhold ${words.join(" ")}`)}' first`,
  );
}

function changesOf(root: string, file: OwnerFile, sources: Sources, places: readonly PortPlace[]): readonly Change[] {
  const bytes = withoutLinesFor(file.bytes, serviceBook(sources.inputs), places);
  if (bytes === file.bytes) return [];
  if (bytes === undefined) return [{ kind: "remove", path: file.path, old: file.bytes }];
  return fileChanges(root, [{ file: file.path, old: file.bytes, bytes }]);
}
