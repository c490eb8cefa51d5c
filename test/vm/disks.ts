// The disks that machines boot from: Debian roots, made once for each state of Debian's archive and kept in .cache/vm.
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { ownMirror } from "../support/roots/mirror.ts";
import { cached, makeOnce } from "../support/roots/once.ts";

export type Release = "bookworm" | "bullseye" | "trixie";
export type Kernel = "cloud" | "generic";
/** Of the initramfs that a host has. */
export type Generator = "initramfs-tools" | "dracut";

export interface Disk {
  readonly image: string;
  readonly kernel: (kernel: Kernel) => string;
  /** The one that init.sh is in. */
  readonly initrd: (kernel: Kernel) => string;
  /** As its host would have it, for the kernel "cloud" of bookworm. */
  readonly initrdBy: (generator: Generator) => string;
  /** Undefined for a package that is not there. */
  readonly version: (name: string) => string | undefined;
}

const PACKAGES = [
  ...["systemd", "systemd-sysv", "udev", "dbus", "iproute2", "procps", "kmod", "netbase", "libstdc++6"],
  ...["rpcbind", "nfs-common", "nfs-kernel-server", "ypbind-mt", "ypserv", "yp-tools", "cups-daemon"],
];

const ROOTS: Readonly<Record<Release, { readonly kernels: readonly string[]; readonly packages: readonly string[] }>> =
  {
    bookworm: {
      kernels: ["linux-image-cloud-amd64", "linux-image-amd64"],
      packages: [
        ...PACKAGES,
        ...["selinux-policy-default", "selinux-utils", "policycoreutils", "policycoreutils-python-utils"],
        ...["apparmor", "auditd", "attr", "criu"],
        // dracut itself would conflict with initramfs-tools.
        ...["initramfs-tools", "busybox", "dracut-core"],
      ],
    },
    bullseye: { kernels: ["linux-image-cloud-amd64"], packages: [...PACKAGES, "apparmor"] },
    trixie: { kernels: ["linux-image-cloud-amd64"], packages: PACKAGES },
  };

const SCRIPTS = ["disk.sh", "init.sh", "agent.sh", "agent.service"].map((name) => path.join(import.meta.dirname, name));

/** Makes it where it is not there yet, or not of today's packages: some minutes. Throws, with the reason, when it cannot be made. */
export async function diskOf(release: Release): Promise<Disk> {
  const folder = await folderOf(release);
  const { kernels, packages } = ROOTS[release];
  const sources = sourcesOf(release).map(({ uri, suite }) => `deb ${uri} ${suite} main`);
  const words = [release, process.execPath, kernels.join(" "), packages.join(","), sources.join("\n")];
  const failure = await makeOnce(folder, ['sh "$0" "$FRESH" "$@"', SCRIPTS[0] as string, ...words]);
  if (failure !== undefined) throw new Error(`no root of ${release} could be made: ${failure}`);
  for (const other of made(release)) if (other !== folder) rmSync(other, { recursive: true, force: true });
  const versions = new Map(
    readFileSync(path.join(folder, "packages"), "utf8")
      .split("\n")
      .map((line) => line.split("\t") as [string, string])
      .map(([name, version]) => [name.replace(/:.*/, ""), version]),
  );
  return {
    image: path.join(folder, "root.img"),
    kernel: (kernel) => path.join(folder, `vmlinuz-${kernel}`),
    initrd: (kernel) => path.join(folder, `initrd-${kernel}`),
    initrdBy: (generator) => path.join(folder, generator),
    version: (name) => versions.get(name),
  };
}

/** Named by what it is made from; where the archive cannot be asked, the newest that is there. */
async function folderOf(release: Release): Promise<string> {
  const way = [JSON.stringify(ROOTS[release]), process.version, ...SCRIPTS.map((file) => readFileSync(file, "utf8"))];
  try {
    // What an archive signs changes with any package's version.
    for (const { uri, suite } of sourcesOf(release)) {
      const answer = await fetch(new URL(`dists/${suite}/InRelease`, uri), { signal: AbortSignal.timeout(60_000) });
      if (!answer.ok) throw new Error(`'${answer.url}' answers ${answer.status}`);
      way.push(await answer.text());
    }
  } catch (error) {
    const newest = made(release).at(-1);
    if (newest === undefined) throw error;
    console.log(`Debian's archive cannot be asked (${error}): the root of ${release} may be an old one`);
    return newest;
  }
  return cached("vm", release, way);
}

/** Oldest first. */
function made(release: Release): string[] {
  const cache = path.dirname(cached("vm", release, []));
  if (!existsSync(cache)) return [];
  return readdirSync(cache)
    .filter((name) => new RegExp(`^${release}-[0-9a-f]+$`).test(name))
    .map((name) => path.join(cache, name))
    .sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs);
}

/** As this machine has them for its own release. Throws where it has none: these roots need the archive of updates too. */
function sourcesOf(release: Release): { readonly uri: string; readonly suite: string }[] {
  return (["", "-security"] as const).map((section) => {
    const uri = ownMirror(section);
    if (uri === undefined)
      throw new Error(`this machine installs from no mirror of Debian${section}: add one to apt's sources`);
    return { uri, suite: `${release}${section}` };
  });
}
