// What one mechanism is to the verb: what it guards against, how it stands on a host, and what puts it in force or takes it away.
import type { Reservation } from "../../core/config/types.ts";
import type { Artefact } from "../../core/install/artefacts.ts";
import type { Change } from "../../core/install/change.ts";
import type { Spec } from "../../core/install/specs.ts";
import type { ManagedName } from "../../core/mechanisms/texts.ts";
import { isManagedText, saysFolderMade, withFolderMade } from "../../core/mechanisms/texts.ts";
import type { Json, Message } from "../../report/types.ts";
import { isFolder, lstatEntry } from "../../system/files/entry.ts";
import { artefactOf } from "../install/artefact-of.ts";

/**
 * `not kept`: the running kernel has it, and after a boot it will not. `foreign settings`: somebody else sets the same, in a
 * file that stays. `out of date`: ours are there, and are no longer what they should be.
 */
export type MechanismState = "not applied" | "in force" | "not kept" | "out of date" | "foreign settings";

/** A setting of the running kernel that is changed. */
export type SetValue = Change & { readonly kind: "set-value" };

export interface Standing {
  readonly state: MechanismState;
  /** Completes "STATE: …". */
  readonly reason?: string;
  /** What it does on this host, or would do, in numbers; a line each. */
  readonly does: readonly string[];
  /** From whom it keeps a reserved port while it is in force: completes "it keeps the port from …". */
  readonly keepsFrom: (port: number) => string | undefined;
  /** `does` for scripts. */
  readonly numbers: { readonly [key: string]: Json };
  /** Its files, as they should be and as they are. */
  readonly files: readonly Artefact[];
  /** The file that says what was chosen: written before the others, and taken away after them. */
  readonly record?: Artefact;
  /** Files of others with a part of ours: `ours` while that is in them. */
  readonly shared?: readonly Artefact[];
  /** Files of ours for which there is no use any more. */
  readonly unwanted?: readonly Artefact[];
  /** What the running kernel is told before them: what is ours no longer, since they will not say that it was. Nothing in an image. */
  readonly first: readonly SetValue[];
  /** And after them, in this order. */
  readonly put: readonly SetValue[];
  readonly takeAway: readonly SetValue[];
  /** Why it is not applied without --force. */
  readonly costs: readonly Message[];
  /** Why it is not applied at all. */
  readonly refusals: readonly Message[];
  /** What whoever applies it has to know before. */
  readonly warnings: readonly Message[];
  /** What is left for the administrator to do, or need not be done. */
  readonly notes: readonly Message[];
  /** Services that read its files as they start, and the ports that these give them. */
  readonly services?: readonly FixedService[];
  /** Whose the ports are that its file of reservations has. */
  readonly owners?: readonly { readonly port: number; readonly owner: string }[];
}

export interface FixedService {
  readonly unit: string;
  readonly ports: readonly number[];
}

export interface LookInput {
  readonly root: string;
  readonly reservations: readonly Reservation[];
}

export interface ManagedMechanism {
  readonly name: ManagedName | "high-ports";
  /** One line. */
  readonly guards: string;
  /** Where its files would be: it is applied nowhere without one of them. None: by what single services have. */
  readonly places: readonly string[];
  readonly look: (input: LookInput) => Standing;
  /** Only `apply` changes it: its files do not follow the reservations. */
  readonly byHand?: true;
  /** Of one that single services have, and no file of its own: the hint that says how one gets it, or loses it. */
  readonly byUnit?: (root: string, action: "apply" | "remove") => string;
  /** Asks the programs that read its files, once they are in their places on the running host. Throws AppError. */
  readonly ask?: () => void;
}

/** False where none of its files is there, which is seen without a look at all that others set. */
export function mayBeApplied({ places }: ManagedMechanism, root: string): boolean {
  return places.some((place) => lstatEntry(root, place).kind !== "missing");
}

/** Whether it was applied here: some of its files are there, and ours. */
export function isApplied(standing: Places): boolean {
  return everyPlace(standing).some(({ ours }) => ours);
}

export type Places = Pick<Standing, "files" | "record" | "shared" | "unwanted">;

/** Every file that it has a part in, in the order in which they go. */
export function everyPlace({ shared = [], unwanted = [], ...own }: Places): readonly Artefact[] {
  return [...shared, ...unwanted, ...ownPlaces(own)];
}

/** Those that nobody else may have a part in. */
export function ownPlaces({ files, record }: Pick<Places, "files" | "record">): readonly Artefact[] {
  return record === undefined ? files : [...files, record];
}

/** A text file of a mechanism's, that everybody may read, with what is there now. A folder that it had to be given goes with it. */
export function managedFile(root: string, name: ManagedName, path: string, text: string): Artefact {
  const folder = path.slice(0, path.lastIndexOf("/"));
  const spec = (bytes: string, folders: readonly string[]): Spec => ({
    path,
    wanted: { kind: "file", bytes: Buffer.from(bytes, "latin1"), mode: 0o644 },
    folders,
    isOurs: (content) => typeof content !== "string" && isManagedText(name, Buffer.from(content).toString("latin1")),
  });
  const old = ourText(artefactOf(root, spec(text, [])));
  const made = old === undefined ? !isFolder(root, folder) : saysFolderMade(old);
  return artefactOf(root, made ? spec(withFolderMade(text), [folder]) : spec(text, []));
}

/** The text of one of our files; undefined for a missing one, and for somebody else's. */
export function ourText({ found, ours }: Artefact): string | undefined {
  return ours && found.kind === "file" ? Buffer.from(found.bytes).toString("latin1") : undefined;
}
