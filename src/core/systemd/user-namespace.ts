// Whether all programs of a unit get a user namespace of their own, in which no right is one over the host's network.
import { commandsIn } from "./exec-programs.ts";
import { isOff, settingsOf, type UnitFile } from "./unit-file.ts";
import { splitWords } from "./words.ts";

/** The setting that gives them one. */
export const OWN_USERS = "PrivateUsers";

/** Of its value: later versions have more than "yes". */
export function isOwnUsers(value = ""): boolean {
  return !isOff(value);
}

/** Whether one of them is started without what confines the unit: "+" before it, or a setting for all but ExecStart=. */
export function someUnconfined(files: readonly UnitFile[]): boolean {
  return files
    .flatMap(({ text }) => settingsOf(text))
    .some(({ key, value }) => key === "PermissionsStartOnly" || (key.startsWith("Exec") && hasPlus(value)));
}

function hasPlus(value: string): boolean {
  return commandsIn(value).some((command) => /^[-@:!|]*\+/.test(splitWords(command).words[0] ?? ""));
}
