// Root's monitoring from a service's sandbox: under each setting that could blind it, it sees the host as it is or says unknown.
import { expect, test } from "vitest";
import type { Allocator } from "../../src/coverage/coverage.ts";
import { named } from "../support/can.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { MAIN, NODE, stagedNatives } from "../support/stage/stage.ts";
import { withGuest } from "./fresh.ts";

const reason = noGuest();

/** Settings of systemd.exec(5) that change what a process sees or may ask, and whether the host is still seen as it is. */
const SETTINGS: readonly (readonly [setting: string, sees: boolean])[] = [
  ["Nice=1", true],
  ["PrivateTmp=yes", true],
  ["ProtectSystem=strict", true],
  ["PrivateDevices=yes", true],
  ["ProtectControlGroups=yes", true],
  ["ProtectKernelTunables=yes", true],
  ["ProtectClock=yes", true],
  ["NoNewPrivileges=yes", true],
  ["PrivateMounts=yes", true],
  ["ProtectProc=invisible", true],
  ["ProtectHome=yes", false],
  ["ProcSubset=pid", false],
  ["PrivateNetwork=yes", false],
  ["PrivateUsers=yes", false],
  ["CapabilityBoundingSet=", false],
  ["CapabilityBoundingSet=~CAP_SYS_PTRACE", false],
  ["RestrictAddressFamilies=AF_UNIX", true],
  ["InaccessiblePaths=/etc/ld.so.preload", false],
  ["InaccessiblePaths=/etc/portreserve", false],
  ["TemporaryFileSystem=/usr/local", false],
  ["BindReadOnlyPaths=/dev/null:/etc/portreserve.table", false],
  ["User=nobody", false],
];

/** Where install has put it: the tests' own copy is below /var/tmp, which PrivateTmp= hides. */
const INSTALLED = "/usr/lib/portreserve/dist/portreservectl.mjs";

interface Document {
  readonly verdict?: string;
  readonly allocators?: readonly Allocator[];
}

const rowsOf = ({ allocators }: Document): unknown =>
  allocators?.filter(({ kind }) => kind !== "unseen").map(({ name, unit, verdict }) => `${name} ${unit}: ${verdict}`);

/** The document of `status` from a service with a setting. */
async function documentWith(guest: Guest, setting: string): Promise<Document> {
  const unit = `[Service]
Type=oneshot
ExecStart=${NODE} ${INSTALLED} status --json
StandardOutput=file:/run/monitor.json
StandardError=file:/run/monitor.err
SuccessExitStatus=0-255
TimeoutStartSec=60
${setting}
`;
  const said = await guest.output(
    'rm -f /run/monitor.*; printf %s "$1" >/run/systemd/system/monitor.service; systemctl daemon-reload; systemctl start monitor 2>&1; cat /run/monitor.json /run/monitor.err',
    { args: [unit] },
  );
  return said.startsWith("{") ? (JSON.parse(said.split("\n", 1)[0] as string) as Document) : { verdict: said };
}

test.skipIf(reason !== undefined)(named("a monitor in a sandbox", reason), { timeout: 900_000 }, async () => {
  const guest = bootGuest({
    files: {
      "/etc/portreserve/cups": "631\n",
      "/etc/bindresvport.blacklist": "",
      "/etc/systemd/system/thief.service": `[Service]\nType=exec\nExecStart=${stagedNatives()}/portreserve-probe --symbol bindresvport --hold\n`,
    },
  });
  await withGuest(guest, async (booted) => {
    await booted.output(`${NODE} ${MAIN} install && systemctl start thief`);
    const plain = await booted.output(`${NODE} ${MAIN} status --json`);
    const { verdict, allocators } = JSON.parse(plain) as Document;
    expect({ verdict, some: (allocators ?? []).length > 0 }).toEqual({ verdict: "covered", some: true });
    const direct = JSON.stringify(rowsOf(JSON.parse(plain) as Document));
    const found = [];
    for (const [setting] of SETTINGS) {
      const document = await documentWith(booted, setting);
      const isWhole = document.verdict === "covered" && JSON.stringify(rowsOf(document)) === direct;
      found.push([
        setting,
        isWhole ? true : ["unknown", "not covered"].includes(document.verdict ?? "") ? false : document,
      ]);
    }
    expect(found).toEqual(SETTINGS);
  });
});
