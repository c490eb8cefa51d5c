// The script of an archive on a host that runs programs of every ABI: put there, refused without a trace, and followed by the manager.
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { abis, ENTRY, libraries, noHost, onHost, treeDifferences } from "../support/host.ts";
import { stagedNatives } from "../support/stage/stage.ts";
import { changed, exported, filesIn, isShim, withSetup } from "./support/export.ts";

const notHere = await noHost();
const without32 = skipReason("32-bit programs");
const runs32 = abis.some(({ name }) => name === "i386") && without32 === undefined;
const shims = libraries.filter((file) => file.endsWith("/libportreserve.so"));
const [SHIM = ""] = shims;

let first = "";
beforeAll(() => {
  if (notHere === undefined) first = exported({ cups: "631\n", mail: "993/tcp\n" });
});

const UNPACK = `
mkdir -m 755 /run/archive
unpack() { rm -rf /run/archive/portreserve && tar -xzf "$1" -C /run/archive; }
setup() { sh /run/archive/portreserve/setup "$@"; }
# As tree, and quicker.
look() {
  set -- /etc "$SCRATCH/.layers/2/upper"
  find "$@" -type d -printf '%p folder %m %U:%G \\n' -o -printf '%p %y %m %U:%G %l\\n' | sort
  find "$@" -type f -exec sha256sum {} + | sort -k 2
}
`;
/** The administrator's, to the manager. */
const MAIL = "+ /etc/portreserve/mail file 644 0:0 3256a8dc1ba115de";

test.skipIf(notHere !== undefined)(
  named(
    "every ABI is covered, the table can be followed by the manager's, and uninstall leaves nothing of either",
    notHere,
  ),
  async () => {
    const step = await onHost(`${UNPACK}
step before tree
step stolen thief "$PROBE" --symbol bindresvport
unpack ${first}
step install setup install
step kept thief "$PROBE" --symbol bindresvport
for probe in "$PROBE" ${runs32 ? '"$PROBE-i386"' : ""}; do "$probe" --which; done >/run/which
step which cat /run/which
step check setup check
step gone setup uninstall
step after tree
setup install >/dev/null
step manager ctl uninstall
step after-manager tree
setup install >/dev/null
step both ctl install
step no-more setup check
step refused setup uninstall
step both-gone ctl uninstall
step after-both tree
`);
    expect(step("stolen").stdout).toBe('{"port":631}\n');
    expect(step("install")).toMatchObject({ status: 0, stderr: "" });
    expect(step("kept").stdout).toBe('{"port":632}\n');
    for (const shim of runs32 ? shims : [SHIM]) expect(step("which").stdout).toContain(`"object":"${shim}"}`);
    expect(step("check")).toMatchObject({ status: 0, stderr: "" });
    expect(step("gone")).toMatchObject({ status: 0, stderr: "" });
    expect(treeDifferences(step("before"), step("after"))).toEqual([]);

    expect(step("manager")).toMatchObject({ status: 0 });
    expect(treeDifferences(step("before"), step("after-manager"))).toEqual([MAIL]);
    expect(step("both").status).toBe(0);
    expect(step("refused")).toMatchObject({
      status: 5,
      stderr: `setup: error: portreserve is installed here with its manager, which sees to all of this
hint: run 'portreservectl uninstall'
`,
    });
    expect(step("both-gone").status).toBe(0);
    expect(treeDifferences(step("before"), step("after-both"))).toEqual([MAIL]);
  },
);

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
const FILES = "/run/archive/portreserve/files";

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

  test("what is the administrator's stays, and he is told", async () => {
    const next = exported({ cups: "631\n700\n", mail: "993/tcp\n" });
    const step = await onHost(`${UNPACK}
unpack ${first}
step first setup install
echo 640 >>/etc/portreserve/mail
unpack ${next}
step next setup install
step mail cat /etc/portreserve/mail
step kept thief "$PROBE" --symbol bindresvport
rm /usr/lib/portreserve/portreserve-probe*
step check setup check
step mended setup install
step checked setup check
echo mine >/usr/lib/portreserve/setup
step gone setup uninstall
step left ls /etc/portreserve /usr/lib/portreserve
`);
    // The folder has a 'cups' of the host's own already, with what the first archive says.
    expect(step("first")).toMatchObject({ status: 0, stderr: "" });
    const warns = (
      owner: string,
    ): string => `setup: warning: '/etc/portreserve/${owner}' was there and stays; the table has what the archive says
hint: compare it with '${FILES}/owners/${owner}'
`;
    expect(step("next")).toMatchObject({ status: 0, stderr: warns("cups") + warns("mail") });
    expect(step("mail").stdout).toBe("993/tcp\n640\n");
    expect(step("kept").stdout).toBe('{"port":632}\n');
    expect(step("check")).toMatchObject({ status: 1, stdout: expect.stringContaining("is missing\n") });
    expect(step("mended").status).toBe(0);
    expect(step("checked").status).toBe(0);
    expect(step("gone").status).toBe(0);
    expect(step("left").stdout).toBe("/etc/portreserve:\ncups\nmail\n");
  });
});
