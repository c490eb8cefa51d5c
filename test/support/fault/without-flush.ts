// The built manager without the flush of the files that it writes: the control of whoever shows what that flush is for.

/**
 * A script for sh that takes it out of a bundle, and says how many flushes are in it before and after: "2\n1\n", the other one
 * being that of folders, so that the files' names are there.
 */
export function withoutFlush(bundle: string): string {
  const count = `grep -cE 'fsyncSync\\)?\\(descriptor\\)' '${bundle}'`;
  const out = String.raw`s/(\(0, [a-z_]+\.fsyncSync\)|fsyncSync)\(descriptor\);//`;
  return `${count}\nsed -E -i '/^function writeTemporary/,/^}/${out}' '${bundle}'; ${count}`;
}

/** What it says where it has done so. */
export const FLUSH_TAKEN_OUT = "2\n1\n";
