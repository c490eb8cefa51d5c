// What a unit's own files say it starts and listens on, where systemd has not loaded it or does not run.
import { expand } from "../../systemd/specifiers.ts";
import { settingsOf, type UnitFile } from "../../systemd/unit-file.ts";
import { splitWords } from "../../systemd/words.ts";
import { execPrograms } from "./exec-programs.ts";
import { type Listen, writtenListen } from "./listens.ts";

export interface WrittenUnit {
  /** As ExecStart= writes them: systemd allows names without a folder. */
  readonly programs: readonly string[];
  readonly listens: readonly Listen[];
}

/** `files` in the order in which systemd reads them: the unit's own, then its drop-ins. `unit` has its suffix. */
export function writtenUnit(unit: string, files: readonly UnitFile[]): WrittenUnit {
  const programs: string[] = [];
  const listens: Listen[] = [];
  for (const { section, key, value } of files.flatMap(({ text }) => settingsOf(text))) {
    if (section === "Service" && key === "ExecStart") {
      if (value === "") programs.length = 0;
      else programs.push(...started(value, unit));
    } else if (section === "Socket" && key.startsWith("Listen")) {
      if (value === "") listens.length = 0;
      else listens.push(...listened(key, expand(value, unit)));
    }
  }
  return { programs: [...new Set(programs)], listens };
}

function started(value: string, unit: string): readonly string[] {
  const [first = "", ...rest] = splitWords(value).words.map((word) => expand(word, unit) ?? "");
  const marks = /^[-@:+!|]*/.exec(first)?.[0] ?? "";
  const program = first.slice(marks.length);
  return program === "" ? [] : execPrograms(program, marks.includes("@") ? rest.slice(1) : rest);
}

function listened(key: string, value: string | undefined): readonly Listen[] {
  const kind = key.slice("Listen".length);
  if (value === undefined || (kind !== "Stream" && kind !== "Datagram")) return [];
  const listen = writtenListen(kind, value);
  return listen === undefined ? [] : [listen];
}
