// Commands and paths for hints, so that what is suggested acts on the root that was asked about.
import { under } from "./files/rooted.ts";

/** "portreservectl compile", with the root where it is not the host itself. */
export function commandLine(root: string, verb: string): string {
  return root === "/" ? `portreservectl ${verb}` : `portreservectl ${verb} --root ${shellWord(root)}`;
}

/** Where a shell on the host finds `file` of this root. `file` is absolute. */
export function hostPath(root: string, file: string): string {
  return shellWord(under(root, file));
}

/** As a shell reads it. Without a backslash, which reports would double. */
export function shellWord(text: string): string {
  return /^[\w/.,:+@%-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}
