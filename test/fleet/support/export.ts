// Archives as 'portreservectl export' makes them, changed ones among them, and what tests of hosts without Node ask a host.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { ARCHIVE_FOLDER, type ArchiveFile, sha256, tarEntries } from "../../../src/core/export/archive.ts";
import { tarBytes } from "../../../src/core/export/tar.ts";
import { ctl, makeRoot, SERVICES, scratch } from "../../support/cli.ts";

/** The archive of these files of /etc/portreserve. Throws with what it said where it was not made without a remark. */
export function exported(owners: Readonly<Record<string, string>>): string {
  const files = Object.entries(owners).map(([name, text]) => [`etc/portreserve/${name}`, text]);
  const root = makeRoot({ "etc/services": SERVICES, "etc/portreserve/": "", ...Object.fromEntries(files) });
  const archive = path.join(scratch(), "portreserve.tar.gz");
  const { status, stderr } = ctl(["export", archive, "--root", root]);
  if (status !== 0 || stderr !== "") throw new Error(`status ${status}: ${stderr}`);
  return archive;
}

/** Every file of an archive, in its order. */
export function filesIn(archive: string): readonly ArchiveFile[] {
  const tar = (...args: readonly string[]): Buffer => execFileSync("tar", ["-f", archive, "-z", ...args]);
  return tar("-t")
    .toString()
    .split("\n")
    .filter((name) => name !== "" && !name.endsWith("/"))
    .map((name) => ({
      path: name.slice(ARCHIVE_FOLDER.length + 1),
      bytes: tar("-x", "-O", name),
      mode: /setup$|portreserve-(probe|hold)(-i386)?$/.test(name) ? 0o755 : 0o644,
    }));
}

/** An archive in which `change` had its way with each file, and the sums are right. */
export function changed(archive: string, change: (file: string, bytes: Buffer) => Uint8Array): string {
  const files = filesIn(archive)
    .filter((file) => file.path !== "SHA256SUMS")
    .map((file) => ({ ...file, bytes: change(file.path, Buffer.from(file.bytes)) }));
  const sums = files.map((file) => `${sha256(file.bytes)}  ${file.path}\n`).join("");
  const all = [{ path: "SHA256SUMS", mode: 0o644, bytes: Buffer.from(sums) }, ...files];
  const made = path.join(scratch(), "portreserve.tar.gz");
  writeFileSync(made, gzipSync(tarBytes(tarEntries(all), 0)));
  return made;
}

export const isShim = (file: string): boolean => file.endsWith(".so");

/** With these words of its script replaced. */
export function withSetup(archive: string, ...words: readonly (readonly [from: string, to: string])[]): string {
  return changed(archive, (file, bytes) => {
    if (file !== "setup") return bytes;
    return Buffer.from(
      words.reduce((text, [from, to]) => {
        if (!text.includes(from)) throw new Error(`the script does not say '${from}'`);
        return text.replace(from, to);
      }, bytes.toString()),
    );
  });
}

/** With other bytes in each shim, as another build has them: nothing of what it does depends on them. */
export function rebuilt(archive: string): string {
  return changed(archive, (file, bytes) =>
    isShim(file) ? Buffer.concat([bytes, Buffer.from("another build")]) : bytes,
  );
}

export const readArchive = (archive: string): Uint8Array => readFileSync(archive);

/**
 * For sh(1): `tree` says everything that is on a host, with the bytes of what an archive changes; `works` says what any program
 * prints at its start that it should not, and which names of the preload list lead nowhere.
 */
export const ASKING = `
tree() {
  find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /root -o -path /tmp -o -path /run -o -path /var -o -path /usr/share -o -path /mnt \\) -prune -o \\
    -type d -printf '%p %y %m %U:%G\\n' -o -printf '%p %y %m %U:%G %s %l\\n' | sort
  for file in /etc/ld.so.preload /etc/portreserve* /etc/portreserve/* /usr/lib/portreserve/* /usr/lib/*/portreserve/*; do
    [ ! -f "$file" ] || sha256sum "$file"
  done
}
works() {
  for command in /bin/true '/bin/ls /' '/usr/bin/getent passwd root' '/bin/su --version'; do
    env -i $command 2>&1 >/dev/null || echo "$command: $?"
  done
}
unpack() { rm -rf /root/portreserve && tar -xzf "/root/$1.tar.gz" -C /root; }
setup() { sh /root/portreserve/setup "$@"; }
`;
