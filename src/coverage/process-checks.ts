// The checks of a running allocator: what can be known to keep the shim from it, or its table.

import { isUnseen } from "../core/seen.ts";
import { deniedAccess } from "./apparmor-verdict.ts";
import { type Check, covered, type Decision, is, notCovered, unknown, unseen } from "./checks.ts";
import { restartHint } from "./commands.ts";
import type { Binding } from "./facts.ts";
import type { Host } from "./host.ts";
import { fileName } from "./names.ts";
import { whyNotLoaded } from "./not-loaded.ts";
import { beyondPreload, isIndeterminate, type Part, unreadable } from "./program-image.ts";
import type { Running } from "./running.ts";

/** The version of the table that this manager writes: a shim that knows another one is as none. */
export const TABLE_VERSION = 1;

export const PROCESS_CHECKS: readonly Check<Running>[] = [
  { id: "dynamic", question: "does it have a loader, which could preload a library?", assess: dynamic, ends: true },
  {
    id: "reachable",
    question: "does it allocate by functions that a preloaded library can replace?",
    assess: reachable,
  },
  { id: "readable", question: "can all the files that it runs code from be read?", assess: readable },
  { id: "loaded", question: "does it have the shim?", assess: loaded },
  { id: "library", question: "does its shim know the table's version?", assess: library },
  { id: "bindings", question: "do the calls of what it loaded later lead to the shim?", assess: bindings },
  { id: "table", question: "does it look into the host's table?", assess: table },
  { id: "in-force", question: "is there a table in force?", assess: inForce },
  { id: "covered", question: "is it covered by the library that is installed now?", assess: bySome },
];

export const STATIC_HINT = "use a dynamically linked build, or keep it from the ports by its own settings";

function dynamic({ image }: Running): Decision | undefined {
  if (image.program?.isStatic !== true) return undefined;
  if (isIndeterminate(image)) return unknown("static, and without a symbol table", STATIC_HINT);
  return notCovered("static, and no library can be preloaded", STATIC_HINT);
}

function reachable({ image }: Running): Decision | undefined {
  const beyond = beyondPreload(image);
  return beyond && notCovered(beyond.reason, beyond.hint);
}

function readable({ image }: Running): Decision | undefined {
  const hole = unreadable(image.parts);
  return hole && unseen(`its '${fileName(hole.path)}'`, hole.why);
}

function loaded(running: Running, host: Host): Decision | undefined {
  const { shims, parts } = running.image;
  // What could not be read may be the shim.
  if (shims.length > 0 || unreadable(parts) !== undefined) return undefined;
  return whyNotLoaded(running, host);
}

function library({ process, image }: Running, host: Host): Decision | undefined {
  for (const shim of image.shims) {
    const marker = readMarker(shim, host);
    if (marker === undefined) return unknown("which version its library is cannot be seen", "run it as root");
    if (marker.table === TABLE_VERSION) continue;
    return notCovered(`its library (${marker.version}) does not know the table's version`, restartHint(process));
  }
  return undefined;
}

interface Marker {
  readonly version: string;
  readonly table: number;
}

function readMarker({ key, elf }: Part, host: Host): Marker | undefined {
  const installed = key === undefined ? undefined : host.libraries.get(key)?.marker;
  return parseMarker((isUnseen(elf) ? undefined : elf.marker) ?? installed);
}

export function parseMarker(text: string | undefined): Marker | undefined {
  const [, version, number] = /^portreserve (\S{1,40}) table (\d{1,9})$/.exec(text ?? "") ?? [];
  return version === undefined ? undefined : { version, table: Number(number) };
}

function bindings({ process }: Running, { facts }: Host): Decision | undefined {
  if (isUnseen(process.bindings)) return unseen("where its calls lead", process.bindings);
  const name = ({ object }: Binding): string =>
    fileName((Object.hasOwn(facts.objects, object) ? facts.objects[object]?.path : undefined) ?? object);
  const bypassing = process.bindings.find(({ leadsTo }) => is(leadsTo, "other"));
  if (bypassing !== undefined) {
    return notCovered(
      `its '${name(bypassing)}' was loaded past the shim (RTLD_DEEPBIND, dlmopen or LD_PRELOAD)`,
      "have it loaded without RTLD_DEEPBIND, dlmopen and LD_PRELOAD",
    );
  }
  for (const binding of process.bindings) {
    const { leadsTo } = binding;
    if (isUnseen(leadsTo)) return unseen(`where the calls of its '${name(binding)}' lead`, leadsTo);
    if (leadsTo === "shim") continue;
    return unknown(
      `its '${name(binding)}' was loaded at run time, and has not allocated yet`,
      "look again after it has, or start it with LD_BIND_NOW=1",
    );
  }
  return undefined;
}

function table({ process, image }: Running, host: Host): Decision | undefined {
  if (isUnseen(process.table)) return unseen("which table it finds", process.table);
  const { mappedTable } = process;
  if (process.table !== "same") {
    const which = process.table === "none" ? "no table" : "another table";
    if (is(process.root, "other")) {
      const hint =
        process.table === "none"
          ? "install in that root too"
          : "install in that root too, with this host's reservations";
      return notCovered(`in another root (container, chroot), which has ${which}`, hint);
    }
    if (host.facts.setup.table.state === "missing") return undefined;
    return notCovered(`finds ${which} in the table's place`, "see what its unit hides or binds with 'systemctl cat'");
  }
  if (image.shims.length === 0) return undefined;
  if (isUnseen(mappedTable)) return unseen("the table that it has mapped", mappedTable);
  if (mappedTable !== undefined && !mappedTable.current && !mappedTable.retired) {
    return notCovered("goes on with a table that was replaced by hand", restartHint(process));
  }
  if (mappedTable?.current === true) return undefined;
  return deniedAccess(process.denied, { list: false, library: undefined, table: true }) ?? mayRead(process, host);
}

/** It will open the table when it allocates next. */
function mayRead({ uid, domain }: Running["process"], { facts }: Host): Decision | undefined {
  const { readableByAll, label } = facts.setup.table;
  if (!readableByAll && uid !== 0) {
    return unknown("not every program may read the table", "portreservectl compile");
  }
  if (domain === undefined || label === undefined || label.found === label.wanted) return undefined;
  return unknown("the table has a label that its domain may not read", "portreservectl compile");
}

export function inForce(_: unknown, { facts, tableInForce }: Host): Decision | undefined {
  if (tableInForce) return undefined;
  const { state } = facts.setup.table;
  return notCovered("there is no table in force", state === "foreign" ? undefined : "portreservectl compile");
}

function bySome({ process, image }: Running, host: Host): Decision | undefined {
  // A root of its own has a library of its own.
  if (image.shims.length === 0) return undefined;
  if (is(process.root, "other")) return covered();
  const old = image.shims.find(({ key }) => key === undefined || !host.libraries.has(key));
  const version = old && readMarker(old, host)?.version;
  if (old === undefined) return covered();
  return covered(`by an older library (${version ?? "unknown"}); restart to update`, restartHint(process));
}
