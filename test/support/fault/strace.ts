// The kernel's own account of the same calls: what strace saw the threads of one process do to files.

/** By name, which argument tells what is changed: the path or paths in quotes, or the descriptor. */
const CHANGES: Readonly<Record<string, "paths" | "descriptor" | "target">> = {
  creat: "paths",
  open: "paths",
  openat: "paths",
  openat2: "paths",
  rename: "paths",
  renameat: "paths",
  renameat2: "paths",
  unlink: "paths",
  unlinkat: "paths",
  mkdir: "paths",
  mkdirat: "paths",
  rmdir: "paths",
  symlink: "paths",
  symlinkat: "paths",
  link: "paths",
  linkat: "paths",
  chmod: "paths",
  fchmodat: "paths",
  fchmodat2: "paths",
  chown: "paths",
  lchown: "paths",
  fchownat: "paths",
  truncate: "paths",
  utimensat: "paths",
  utime: "paths",
  utimes: "paths",
  futimesat: "paths",
  mknod: "paths",
  mknodat: "paths",
  setxattr: "paths",
  lsetxattr: "paths",
  removexattr: "paths",
  lremovexattr: "paths",
  write: "descriptor",
  pwrite64: "descriptor",
  writev: "descriptor",
  pwritev: "descriptor",
  pwritev2: "descriptor",
  fsync: "descriptor",
  fdatasync: "descriptor",
  sync_file_range: "descriptor",
  ftruncate: "descriptor",
  fallocate: "descriptor",
  fchmod: "descriptor",
  fchown: "descriptor",
  fsetxattr: "descriptor",
  fremovexattr: "descriptor",
  sendfile: "descriptor",
  copy_file_range: "target",
  splice: "target",
  io_uring_enter: "descriptor",
};

/** Options for strace; the log of a whole run with them is what `changesIn` reads. */
export function straceOptions(log: string): readonly string[] {
  return ["-f", "-y", "-qq", "-o", log, "-e", "trace=file,desc,clone,clone3,fork,vfork"];
}

export interface Change {
  readonly name: string;
  readonly paths: readonly string[];
}

/**
 * What the first process of the log changed, in order; `children` adds all others. Calls that touch a path of `except`
 * are left out. A log line is `PID NAME(ARGUMENTS) = RESULT`, in two parts when another thread came between.
 */
export function changesIn(
  log: string,
  { except, children }: { except: readonly string[]; children: boolean },
): readonly Change[] {
  const lines = log.split("\n").map((line) => /^(\d+) +(.*)$/.exec(line));
  const threads = new Set<string>([lines[0]?.[1] ?? ""]);
  const open = new Map<string, string>();
  const found: Change[] = [];
  for (const line of lines) {
    const [, thread = "", text = ""] = line ?? [];
    const begun = /^(.*) <unfinished \.\.\.>$/.exec(text)?.[1];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)?.[1];
    if (begun !== undefined) open.set(thread, begun);
    const whole = resumed === undefined ? text : `${open.get(thread) ?? ""}${resumed}`;
    const started = /^clone3?\(.*CLONE_THREAD.* = (\d+)/.exec(whole)?.[1];
    if (started !== undefined && threads.has(thread)) threads.add(started);
    // Counted when it begins, as the injector does.
    if (resumed !== undefined || !(children || threads.has(thread))) continue;
    const change = changeOf(begun ?? text);
    if (change !== undefined && !change.paths.some((name) => except.includes(name))) found.push(change);
  }
  return found;
}

function changeOf(text: string): Change | undefined {
  const [, name = "", rest = ""] = /^(\w+)\((.*)$/.exec(text) ?? [];
  const kind = CHANGES[name];
  if (kind === undefined && !(name === "ioctl" && /FICLONE|CLONE_RANGE/.test(rest))) return undefined;
  if (/^open/.test(name) && !/O_(WRONLY|RDWR|CREAT|TRUNC)/.test(rest)) return undefined;
  const quoted = [...rest.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1] ?? "");
  if (kind === "paths" && quoted.length > 0) {
    const paths = /^(rename|link|symlink)/.test(name) ? quoted.slice(0, 2) : quoted.slice(0, 1);
    return paths.every(isOrdinary) ? { name, paths } : undefined;
  }
  const descriptors = [...rest.matchAll(/(?:^|, )(\d+)<([^>]*)>/g)];
  const [, number = "", path = ""] = descriptors[kind === "target" ? 1 : 0] ?? [];
  return Number(number) > 2 && isOrdinary(path) ? { name, paths: [path] } : undefined;
}

/** Devices are no files, and neither are "pipe:[1]", "anon_inode:[eventfd]" or "socket:[1]". */
function isOrdinary(path: string): boolean {
  return !path.startsWith("/dev/") && !/^(pipe|anon_inode|socket):/.test(path);
}
