// Outcomes that several verbs explain in the same words.
export const privilege = ["privilege", "needs root"] as const;
export const incomplete = [
  "incomplete",
  "could not complete: a missing folder, a full disk, a read-only file system",
] as const;
export const unsafePath = [
  "unsafe",
  "the path of the shim has a space, a colon or a dollar sign, which LD_PRELOAD cannot express",
] as const;
export const usage = ["usage", "usage error"] as const;
