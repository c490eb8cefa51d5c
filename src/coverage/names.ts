// Names as they are shown and compared: of files, units and owners.

/** What /proc adds to the path of a file that has no name any more. */
const DELETED = " (deleted)";

/** The last part of a path, without what /proc adds to it. */
export function shownFileName(path: string): string {
  const whole = path.endsWith(DELETED) ? path.slice(0, -DELETED.length) : path;
  const name = whole.slice(whole.lastIndexOf("/") + 1);
  return name === "" ? whole : name;
}

const UNIT_SUFFIX = /\.(service|socket|scope|slice|mount|automount|swap|target|path|timer)$/;

/** "cups" for 'cups.service', 'cups.socket' and 'cups@1.service'. */
export function unitStem(unit: string): string {
  const stem = unit.replace(UNIT_SUFFIX, "");
  const at = stem.indexOf("@");
  return at > 0 ? stem.slice(0, at) : stem;
}

/** The prefixes of servers that rpcbind or inetd know: 'rpc.mountd', 'rpc-statd', 'in.rshd'. */
const SERVER_PREFIX = /^(rpc|in)[.-](?=.)/;

/** Whether a unit's stem or a program's file name is that of the owner: itself, or as a daemon, 'cups' and 'cupsd'. */
export function isNamedAfter(name: string, owner: string): boolean {
  const [plain, wanted] = [name.replace(SERVER_PREFIX, ""), owner.replace(SERVER_PREFIX, "")];
  return plain !== "" && (plain === wanted || plain === `${wanted}d` || name === owner);
}

/** At most `limit` of them, "636 749 and 3 more". */
export function shortList(words: readonly (string | number)[], limit: number): string {
  const shown = words.slice(0, limit).join(" ");
  return words.length > limit ? `${shown} and ${words.length - limit} more` : shown;
}
