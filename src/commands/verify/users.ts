// Who a unit's User= is, by the host's own files: never by asking a name service, which can hang.
import { isFault, readUnder } from "../../system/files/read-file.ts";
import { PASSWD_FILE } from "../../system/paths.ts";

export interface UserIds {
  readonly uid: number;
  readonly gid: number;
}

/** In bytes; 100,000 users need some 6 MiB. */
const LIMIT = 16 * 1024 * 1024;

/** Undefined for a name or number that the file does not have. */
export function userIds(user: string): UserIds | undefined {
  const read = readUnder("/", PASSWD_FILE, LIMIT);
  if (isFault(read)) return undefined;
  for (const line of read.bytes.toString("utf8").split("\n")) {
    const [name, , uid = "", gid = ""] = line.split(":");
    if ((name === user || uid === user) && /^\d+$/.test(uid) && /^\d+$/.test(gid)) {
      return { uid: Number(uid), gid: Number(gid) };
    }
  }
  return undefined;
}
