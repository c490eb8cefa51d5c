// The text of a unit file as its settings, in order: sections, comments, continued lines.

/** A unit's own file or one of its drop-ins. */
export interface UnitFile {
  /** As the administrator knows it. */
  readonly path: string;
  readonly text: string;
}

export interface Setting {
  /** Without the brackets; "" before the first. */
  readonly section: string;
  readonly key: string;
  /** Without blanks at its ends; quotes, escapes and specifiers are still in it. */
  readonly value: string;
}

/** Whether a setting's value says no, or nothing. */
export function isOff(value: string): boolean {
  return /^(|0|no|n|false|f|off)$/i.test(value);
}

/** What systemd would complain about (no '=', a bad section) is left out. */
export function settingsOf(text: string): Setting[] {
  const settings: Setting[] = [];
  let section = "";
  for (const line of logicalLines(text)) {
    const header = /^\[(.*)\]$/s.exec(line)?.[1];
    const equals = line.indexOf("=");
    if (header !== undefined) section = header;
    else if (equals > 0 && !line.startsWith("[")) {
      settings.push({ section, key: stripped(line.slice(0, equals)), value: stripped(line.slice(equals + 1)) });
    }
  }
  return settings;
}

/** Lines joined where a backslash ends one; comments go, also between the parts of a continued line. */
function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let begun: string | undefined;
  for (const raw of text.replace(/^\ufeff/, "").split(/\r\n|\n\r|[\n\r\0]/)) {
    if (/^[ \t]*[#;]/.test(raw)) continue;
    const joined = (begun ?? "") + raw;
    const continued = endsInEscape(joined);
    begun = continued ? `${joined.slice(0, -1)} ` : undefined;
    if (!continued) lines.push(stripped(joined));
  }
  if (begun !== undefined) lines.push(stripped(begun));
  return lines.filter((line) => line !== "");
}

/** An even number of backslashes at the end is that many halves, each escaped by the one before it. */
function endsInEscape(line: string): boolean {
  let count = 0;
  while (line.charAt(line.length - 1 - count) === "\\") count += 1;
  return count % 2 === 1;
}

function stripped(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && BLANK.includes(text.charAt(start))) start += 1;
  while (end > start && BLANK.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

const BLANK = " \t\n\r";
