// AppArmor's side of the kernel: questions about what a profile allows, and the profiles that are loaded.
import { closeSync, openSync, readdirSync, readFileSync, readSync, writeSync } from "node:fs";
import { orUndefined } from "../../system/app-error.ts";
import { namesIn } from "../../system/files/entry.ts";
import { isFault, readUnder } from "../../system/files/read-file.ts";
import { APPARMOR_ANSWERS, APPARMOR_POLICY, APPARMOR_PROFILES } from "../../system/paths.ts";
import { type Refused, refusedBy } from "../../system/proc/process-files.ts";
import type { Profile } from "./profiles.ts";

/** The answer's text, at most 4 KiB. Refused with ENOENT: there is no such profile, or no such kernel. */
export function askAppArmor(question: Buffer): string | Refused {
  try {
    const descriptor = openSync(APPARMOR_ANSWERS, "r+");
    try {
      writeSync(descriptor, question);
      return ANSWER.toString("latin1", 0, readSync(descriptor, ANSWER, 0, ANSWER.length, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    return refusedBy(error);
  }
}

const ANSWER = Buffer.allocUnsafeSlow(4096);

/** Without those inside of others. Empty also where they cannot be seen. */
export function loadedProfiles(): readonly Profile[] {
  const folders = orUndefined(() => readdirSync(APPARMOR_PROFILES)) ?? [];
  return folders.flatMap((folder) => {
    const [name, attachment, mode] = ["name", "attach", "mode"].map((file) =>
      orUndefined(() => readFileSync(`${APPARMOR_PROFILES}/${folder}/${file}`, "latin1").replace(/\n$/, "")),
    );
    return name === undefined || attachment === undefined || mode === undefined ? [] : [{ name, attachment, mode }];
  });
}

/** The texts of the policy that profiles are loaded from; one character for each byte. */
export function policyTexts(): readonly string[] {
  return namesIn("/", APPARMOR_POLICY).flatMap((name) => {
    const read = readUnder("/", `${APPARMOR_POLICY}/${name}`, POLICY_LIMIT);
    return isFault(read) ? [] : [Buffer.from(read.bytes).toString("latin1")];
  });
}

/** In bytes, of one file. */
const POLICY_LIMIT = 1024 * 1024;
