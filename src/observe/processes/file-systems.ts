// Which file systems may keep their readers waiting: by the types that /proc/PID/mountinfo has.

/** What answers from the kernel's own memory and disks. Whatever else there is, a server may stand behind it. */
const LOCAL: ReadonlySet<string> = new Set(
  (
    "ext2 ext3 ext4 xfs btrfs bcachefs f2fs zfs jfs reiserfs nilfs2 ubifs jffs2 squashfs erofs cramfs romfs iso9660 udf " +
    "vfat msdos exfat ntfs3 hfs hfsplus minix ufs tmpfs ramfs rootfs overlay aufs proc sysfs devtmpfs devpts mqueue hugetlbfs " +
    "cgroup cgroup2 securityfs selinuxfs debugfs tracefs bpf pstore efivarfs configfs fusectl binfmt_misc nsfs nfsd rpc_pipefs"
  ).split(" "),
);

/** `userFuse`: the user by whose will a FUSE file system answers, where that is not root. */
export interface FileSystem {
  /** As /proc/PID/maps writes it: "08:01". */
  readonly device: string;
  readonly type: string;
  readonly isLocal: boolean;
  readonly userFuse: number | undefined;
  readonly point: string;
}

/** Most processes of a host have the same mounts, and a look asks for its own several times. */
let last: { readonly text: string; readonly found: readonly FileSystem[] } = { text: "", found: [] };

/** One for each mount, in the kernel's order. */
export function fileSystemsIn(mountinfo: Buffer): readonly FileSystem[] {
  const text = mountinfo.toString("latin1");
  if (last.text !== text) last = { text, found: parsed(text) };
  return last.found;
}

function parsed(text: string): readonly FileSystem[] {
  const found: FileSystem[] = [];
  for (const line of text.split("\n")) {
    const [before = "", after] = line.split(" - ");
    const [, , device, , point] = before.split(" ");
    const [type, , options] = after?.split(" ") ?? [];
    if (device === undefined || !/^\d+:\d+$/.test(device) || point === undefined || type === undefined) continue;
    const user = /^fuse/.test(type) ? Number(/(?:^|,)user_id=(\d+)/.exec(options ?? "")?.[1] ?? 0) : 0;
    found.push({
      device: mappedDevice(device),
      type,
      isLocal: LOCAL.has(type),
      userFuse: user === 0 ? undefined : user,
      point,
    });
  }
  return found;
}

/** From "8:1" to "08:01". */
function mappedDevice(device: string): string {
  const [major = "", minor = ""] = device.split(":");
  return [major, minor].map((part) => Number(part).toString(16).padStart(2, "0")).join(":");
}
