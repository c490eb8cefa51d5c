// AppArmor's profiles: which one confines a process or attaches to a program, and how the kernel is asked what one allows.

/** What a program needs of a file. The bits are those in the kernel's answers. */
const ACCESS_BITS = { read: 0x4, map: 0x1_0000 } as const;
export type Access = keyof typeof ACCESS_BITS;

/** Files, by the kernel's number for that class of rules. */
const FILE_CLASS = "\x02";

/** The profile, or stack of them, in a domain as `domainOf` gives it, and its mode; undefined for a context of SELinux's. */
export function profileOf(domain: string): { readonly profile: string; readonly mode: string } | undefined {
  const [, profile, mode] = /^(.+) \(([a-z]+)\)$/s.exec(domain) ?? [];
  return profile === undefined || mode === undefined ? undefined : { profile, mode };
}

/** What is written to the kernel's file of questions. Texts with one character for each byte; `file` is absolute. */
export function question(profile: string, file: string): Buffer {
  return Buffer.from(`label\0${profile}\0${FILE_CLASS}${file}`, "latin1");
}

/** Undefined for what is no answer: "allow 0x00000004\ndeny 0x00000000\n…". */
export function allows(answer: string, wanted: readonly Access[]): boolean | undefined {
  const [allow, deny] = ["allow", "deny"].map(
    (word) => new RegExp(`^${word} 0x([0-9a-f]{1,8})$`, "m").exec(answer)?.[1],
  );
  if (allow === undefined || deny === undefined) return undefined;
  return wanted.every((access) => {
    const bit = ACCESS_BITS[access];
    return (Number.parseInt(allow, 16) & bit) !== 0 && (Number.parseInt(deny, 16) & bit) === 0;
  });
}

/** A profile that the kernel has loaded. */
export interface Profile {
  readonly name: string;
  /** Which programs it confines, in AppArmor's globs; for most the name. Where it is none ("<unknown>"), the kernel does not say. */
  readonly attachment: string;
  /** "enforce", "complain"… */
  readonly mode: string;
}

/** With the attachments that only the policy's texts have: "profile NAME ATTACHMENT". Variables stand for anything. */
export function attached(profiles: readonly Profile[], policy: readonly string[]): readonly Profile[] {
  const written = new Map(
    policy.flatMap((text) =>
      [...text.matchAll(HEADER)].map(([, name = "", attachment = ""]) => [
        unquoted(name),
        unquoted(attachment).replace(/@\{\w+\}/g, "**"),
      ]),
    ),
  );
  return profiles.map((profile) =>
    isGlob(profile.attachment) ? profile : { ...profile, attachment: written.get(profile.name) ?? profile.name },
  );
}

const HEADER = /^[ \t]*profile[ \t]+("[^"\n]+"|[^\s"{]+)[ \t]+("[^"\n]+"|[/@]\S+)/gm;

function unquoted(word: string): string {
  return word.replace(/^"|"$/g, "");
}

function isGlob(attachment: string): boolean {
  return /^[/{*]/.test(attachment);
}

/** Those that may keep something from a program that is started unconfined. Of several the kernel takes the closest. */
export function profilesFor(program: string, profiles: readonly Profile[]): readonly Profile[] {
  return profiles.filter(isEnforced).filter(({ attachment }) => isGlob(attachment) && matches(attachment, program));
}

export function isEnforced({ mode }: Profile): boolean {
  return mode !== "complain" && mode !== "unconfined";
}

const GLOB = /\\(.)|\*\*|\*|\?|\[[^\]]*\]|[{},]|[^\\]/gs;

function matches(glob: string, path: string): boolean {
  let depth = 0;
  const pattern = glob.replace(GLOB, (token, escaped: string | undefined) => {
    if (escaped !== undefined) return literal(escaped);
    switch (token) {
      case "**":
        return ".*";
      case "*":
        return "[^/]*";
      case "?":
        return "[^/]";
      case "{":
        depth += 1;
        return "(?:";
      case "}":
        depth -= 1;
        return ")";
      case ",":
        return depth > 0 ? "|" : ",";
      default:
        return token.length > 1 ? token.replaceAll("\\", "\\\\") : literal(token);
    }
  });
  // One that is no glob matches nothing: the kernel would not have loaded it.
  try {
    return new RegExp(`^${pattern}$`, "s").test(path);
  } catch {
    return false;
  }
}

function literal(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\/]/, "\\$&");
}
