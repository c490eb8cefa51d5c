// The script of an archive refuses whatever is not as it has to be, and leaves the host as it was.
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { ENTRY, noHost, onHost, treeDifferences } from "../support/host.ts";
import { stagedNatives } from "../support/stage/stage.ts";
import { changed, exported, filesIn, isShim, withSetup } from "./support/export.ts";
import { FILES, runs32, shims, UNPACK } from "./support/export-script.ts";

const notHere = await noHost();
const [SHIM = ""] = shims;

let first = "";
beforeAll(() => {
  if (notHere === undefined) first = exported({ cups: "631\n", mail: "993/tcp\n" });
});

interface Refusal {
  readonly archive?: () => string;
  /** For sh(1): before and after. */
  readonly spoil?: string;
  readonly mend?: string;
  readonly command?: string;
  readonly status: number;
  readonly says: string;
}

const setupSays = (...words: Parameters<typeof withSetup>[1][]) => ({ archive: () => withSetup(first, ...words) });
const shimIs = (bytes: (shim: Buffer) => Uint8Array) => ({
  archive: () => changed(first, (file, old) => (isShim(file) ? bytes(old) : old)),
});
const listIs = (text: string) => ({ spoil: `printf '${text}' >/etc/ld.so.preload`, mend: "rm -rf /etc/ld.so.preload" });

const REFUSALS: Readonly<Record<string, Refusal>> = {
  "the host is of another kind": {
    ...setupSays(["\narch='", "\narch='armhf'\nother='"]),
    status: 5,
    says: "this archive is for armhf, and this host has no glibc for it: '/lib/ld-linux-armhf.so.3' is missing",
  },
  "its libc is older": {
    ...setupSays(["libc='", "libc='9.99'\nneeds='"]),
    status: 5,
    says: "the shim needs glibc 9.99, and this host has",
  },
  ...(runs32
    ? {
        "it runs programs of an ABI without a shim": {
          ...setupSays([" i386'", "'"]),
          status: 5,
          says: "this host runs i386 programs, and the archive has no shim for them",
        },
      }
    : {}),
  "a file of it is damaged": {
    spoil: `printf x >>${FILES}/portreserve.table`,
    status: 5,
    says: "the archive is damaged",
  },
  "a file of it is another user's": {
    spoil: `chown 65534 ${FILES}/portreserve.table`,
    status: 5,
    says: "is not root's alone",
  },
  "it lies where others may write": {
    spoil: "chmod 777 /run/archive",
    mend: "chmod 755 /run/archive",
    status: 5,
    says: "others than root may change '/run/archive'",
  },
  "the manager is installed": {
    spoil: "mkdir /usr/lib/portreserve && echo {} >/usr/lib/portreserve/package.json",
    mend: "rm -r /usr/lib/portreserve",
    status: 5,
    says: "portreserve is installed here with its manager",
  },
  "there is a table that no archive has put there": {
    spoil: "echo mine >/etc/portreserve.table",
    mend: "rm /etc/portreserve.table",
    status: 5,
    says: "'/etc/portreserve.table' is there, and no archive has put it there",
  },
  "there is a library in the shim's place": {
    spoil: `mkdir -p ${SHIM.replace(/\/[^/]*$/, "")} && echo mine >${SHIM}`,
    mend: `rm -r ${SHIM.replace(/\/[^/]*$/, "")}`,
    status: 5,
    says: `'${SHIM}' is there, and no archive has put it there`,
  },
  "the list names the shim already": {
    ...listIs(`${ENTRY}\\n`),
    status: 5,
    says: "the preload list has the shim already",
  },
  "the list names another shim": {
    ...listIs("/opt/libportreserve.so\\n"),
    status: 5,
    says: "'/opt/libportreserve.so' is in the preload list",
  },
  "the list has a NUL byte": { ...listIs("\\000"), status: 5, says: "there is a NUL byte in the preload list" },
  "the list is for root alone": {
    spoil: ": >/etc/ld.so.preload; chmod 600 /etc/ld.so.preload",
    mend: "rm /etc/ld.so.preload",
    status: 5,
    says: "run 'chmod a+r /etc/ld.so.preload'",
  },
  "the list is a folder": {
    spoil: "mkdir /etc/ld.so.preload",
    mend: "rmdir /etc/ld.so.preload",
    status: 5,
    says: "is no file",
  },
  "the shim is cut short": {
    ...shimIs((shim) => shim.subarray(0, 2048)),
    status: 5,
    says: "programs behave in another way",
  },
  "the shim has none of the functions": {
    archive: () => {
      const share = (abi: string): string => `${stagedNatives()}/libportreserve-share${abi}.so`;
      return changed(first, (file, old) =>
        isShim(file) ? readFileSync(share(file.includes("i386") ? "-i386" : "")) : old,
      );
    },
    status: 5,
    says: "the new shim does not reach programs of this host",
  },
  // Seen only when the list is written already.
  "the table does not keep its ports": {
    archive: () => {
      const table = filesIn(exported({ other: "700\n" })).find(({ path }) => path === "files/portreserve.table");
      return changed(first, (file, old) => (file === "files/portreserve.table" ? (table?.bytes ?? old) : old));
    },
    status: 3,
    says: "got 631/tcp, which is reserved",
  },
  "it is not root's to do": {
    command: "nobody sh /run/archive/portreserve/setup install",
    status: 4,
    says: "'install' needs root",
  },
  "a word is none of its": { command: "setup remove", status: 2, says: "usage: sh setup install" },
};

describe.skipIf(notHere !== undefined)(named("a host is left as it was", notHere), () => {
  test("where anything is not as it has to be", async () => {
    const cases = Object.values(REFUSALS);
    const step = await onHost(
      `${UNPACK}${cases
        .map(
          ({ archive, spoil = ":", mend = ":", command = "setup install" }, at) => `unpack ${archive?.() ?? first}
${spoil}
step before-${at} look
step run-${at} ${command}
step after-${at} look
${mend}
`,
        )
        .join("")}`,
      { noisy: true },
    );
    const seen = Object.entries(REFUSALS).map(([where, { status, says }], at) => {
      const ran = step(`run-${at}`);
      const left = treeDifferences(step(`before-${at}`), step(`after-${at}`));
      return { where, status: ran.status, said: ran.stderr.includes(says) ? says : ran.stderr, wanted: status, left };
    });
    expect(seen).toEqual(
      Object.entries(REFUSALS).map(([where, { status, says }]) => ({
        where,
        status,
        said: says,
        wanted: status,
        left: [],
      })),
    );
  });
});
