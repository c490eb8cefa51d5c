// What AppArmor keeps from those that it confines: asked of the kernel, each profile once a look.

import type { Seen } from "../../core/seen.ts";
import { inMode, mergeProfiles } from "../../coverage/apparmor-verdict.ts";
import type { Denied } from "../../coverage/facts.ts";
import { nameToText } from "../../system/files/raw-name.ts";
import { highFile, libsWithShim, shimFile } from "../../system/host/abis.ts";
import { PRELOAD_LIST, TABLE_FILE } from "../../system/paths.ts";
import { isRefused } from "../../system/proc/process-files.ts";
import { type Access, allows, attached, isEnforced, profileOf, profilesFor, question } from "./profiles.ts";
import { askAppArmor, loadedProfiles, policyTexts } from "./read-profiles.ts";

/** The answers of one look: policy may change until the next. */
export type Answers = Map<string, Seen<Denied>>;

/** `domain`: as `domainOf` gives it. `root`: the path of its root, as the kernel writes it. Undefined: AppArmor does not confine it. */
export function deniedTo(domain: string, root: string, answers: Answers): Seen<Denied> | undefined {
  const confined = profileOf(domain);
  if (confined === undefined) return undefined;
  return inMode(confined.mode, deniedBy(confined.profile, root === "/" ? "" : root, answers));
}

/** For programs that do not run: what the profile that would confine one keeps from it. `named`: by its unit. */
export function deniedLater(): (program: string, named: string | undefined) => Seen<Denied> | undefined {
  const answers: Answers = new Map();
  const loaded = loadedProfiles();
  const profiles = loaded.length === 0 ? [] : attached(loaded, policyTexts());
  const confining = (program: string, named: string | undefined): readonly string[] => {
    if (named === undefined) return profilesFor(program, profiles).map(({ name }) => name);
    const complains = profiles.some((profile) => profile.name === named && !isEnforced(profile));
    return complains ? [] : [named];
  };
  return (program, named) => {
    if (profiles.length === 0) return undefined;
    return mergeProfiles(confining(program, named).map((name) => deniedBy(name, "", answers)));
  };
}

function deniedBy(profile: string, root: string, answers: Answers): Seen<Denied> {
  const key = `${profile}\0${root}`;
  const known = answers.get(key);
  if (known !== undefined) return known;
  const denied = ask(profile, root);
  answers.set(key, denied);
  return denied;
}

function ask(profile: string, root: string): Seen<Denied> {
  let refusal: string | undefined;
  const denies = (file: string, ...accesses: readonly Access[]): boolean => {
    const answer = askAppArmor(question(profile, root + file));
    const allowed = isRefused(answer) ? undefined : allows(answer, accesses);
    if (allowed === undefined) refusal = isRefused(answer) ? answer.errno : "its answer cannot be read";
    return allowed === false;
  };
  const denied: Denied = {
    profile: nameToText(Buffer.from(profile, "latin1")),
    list: denies(PRELOAD_LIST, "read"),
    libraries: libsWithShim("/")
      .flatMap((lib) => [shimFile(lib), highFile(lib)])
      .filter((file) => denies(file, "read", "map")),
    table: denies(TABLE_FILE, "read"),
  };
  return refusal === undefined ? denied : { unseen: `the kernel gave no answer (${refusal})`, rootWould: false };
}
