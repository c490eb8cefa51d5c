// What is said of programs that do not run: of units that nobody has started, and of privileged ones; then each is started.
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import type { Guest } from "../support/guest/guest.ts";
import { withGuest } from "../systemd/fresh.ts";
import {
  bootZoo,
  CTL,
  noZoo,
  type Status,
  startServices,
  status,
  takers,
  takesAsNobody,
  verdictText,
} from "./zoo-scene.ts";
import { IDLE, no32 } from "./zoo-services.ts";

const reason = noZoo() ?? skipReason({ program: "setcap", package: "libcap2-bin" });
const UNITS = Object.keys(IDLE);
/** Programs that may take privileged ports whoever starts them. */
const ANYBODY = {
  setuid: "/usr/local/sbin/setuid-holder",
  capability: "/usr/local/sbin/capable-holder",
} as const;
/** Install refuses the static ones, and the others are left out. */
const WITH_DROP_IN = UNITS.filter((unit) => !["none", "static", "stripped", "preloaded", "masked"].includes(unit));

/** The row of each program that we have put there, by its unit; of those that need none, by why they are privileged. */
function rows({ allocators }: Status): ReadonlyMap<string, Status["allocators"][number]> {
  const anybody = new Map<string | undefined, string>(Object.entries(ANYBODY).map(([why, path]) => [path, why]));
  const ours = new Set([...Object.keys(IDLE), ...Object.keys(ANYBODY)]);
  return new Map(
    allocators.flatMap((row) => {
      if (row.kind !== "program") return [];
      const name = row.unit?.replace(/\.service$/, "") ?? anybody.get(row.program);
      return name !== undefined && ours.has(name) ? [[name, row] as const] : [];
    }),
  );
}

function verdicts(found: Status): Readonly<Record<string, string>> {
  return Object.fromEntries([...rows(found)].map(([name, row]) => [name, verdictText(row)]));
}

const NOT_INSTALLED = "not covered | not installed for it | portreservectl install [installed]";
const COVERED = "covered | when it starts [covered]";
const HOLDER = "holder (bindresvport)";
const OTHER = "this host's";
const AGAIN = "start it, and look again";
const STATIC_CURE = "use a dynamically linked build, or keep it from the ports by its own settings [dynamic]";

const LOOP =
  "is known to call bind() itself, which no preload reaches | give it other ports by its own settings, or a network of its own [reachable]";

/** Of these it makes no difference what is installed. */
const ALWAYS = {
  static: `static-${HOLDER} not covered | static, and no library can be preloaded | ${STATIC_CURE}`,
  stripped: `stripped-holder () unknown | static, and without a symbol table | ${STATIC_CURE}`,
  gluster: `glusterd (bind) not covered | 'glusterd' ${LOOP}`,
  libnfs: `program (bind) not covered | 'libnfs.so.13' ${LOOP}`,
  symbolic:
    "program (bindresvport) not covered | its 'libtirpc.so.3' calls its own functions (-Bsymbolic) | use a build of the library without -Bsymbolic-functions [reachable]",
  musl: "program (bindresvport) not covered | musl, which does not read the preload list | use a build for glibc [installed]",
  rooted: `${HOLDER} unknown | would be started in another root (RootDirectory=/srv/jail) | ${AGAIN} [root]`,
} as const;

const INSTALLED = {
  plain: `${HOLDER} ${COVERED}`,
  shell: `${HOLDER} ${COVERED}`,
  ...(no32 === undefined ? { bits32: `old-${HOLDER} ${COVERED}` } : {}),
  library: `program (bindresvport) ${COVERED}`,
  notable: `${HOLDER} unknown | would find other files than ${OTHER} (InaccessiblePaths=/etc/portreserve.table) | ${AGAIN} [files]`,
  othertable: `${HOLDER} unknown | would find other files than ${OTHER} (BindReadOnlyPaths=/srv/other/etc/portreserve.table:/etc/portreserve.table) | ${AGAIN} [files]`,
} as const;

const NOWHERE = Object.fromEntries(
  Object.entries({
    ...Object.fromEntries(Object.keys(INSTALLED).map((unit) => [unit, HOLDER])),
    ...(no32 === undefined ? { bits32: `old-${HOLDER}` } : {}),
    library: "program (bindresvport)",
    none: HOLDER,
    emptied: HOLDER,
    masked: HOLDER,
    maskedtoo: HOLDER,
    noexec: HOLDER,
    unset: HOLDER,
    preloaded: "program (bindresvport)",
    capable: `capable-${HOLDER}`,
    setuid: `setuid-${HOLDER}`,
    capability: `capable-${HOLDER}`,
  }).map(([unit, name]) => [unit, `${name} ${NOT_INSTALLED}`]),
);

const NO_EXEC = `${HOLDER} not covered | may not run the shim's code (NoExecPaths=/) | add ExecPaths=/usr/lib/x86_64-linux-gnu/portreserve with 'systemctl edit noexec.service', and restart it [runnable]`;

const BY_DROP_IN = {
  ...INSTALLED,
  masked: `${HOLDER} not covered | not installed for it | portreservectl install --unit masked.service [installed]`,
  maskedtoo: `${HOLDER} ${COVERED}`,
  noexec: NO_EXEC,
  none: `${HOLDER} not covered | not installed for it | portreservectl install --unit none.service [installed]`,
  preloaded:
    "program (bindresvport) not covered | not installed for it | portreservectl install --unit preloaded.service [installed]",
  emptied: `${HOLDER} not covered | the environment file '/etc/default/emptied' of 'emptied.service' sets LD_PRELOAD, and that wins over every drop-in | write '/usr/$LIB/portreserve/libportreserve.so:' in front of its value there, or take the line out [installed]`,
  unset: `${HOLDER} not covered | 'unset.service' has UnsetEnvironment=LD_PRELOAD, which removes the variable, whatever sets it | 'systemctl cat unset.service' shows where; take it out [installed]`,
  capable: `capable-${HOLDER} unknown | '/usr/local/sbin/capable-holder' of 'capable.service' has file capabilities, so the loader may ignore LD_PRELOAD | only the preload list reaches it: 'portreservectl install' without --unit [installed]`,
  setuid: `setuid-${HOLDER} ${NOT_INSTALLED}`,
  capability: `capable-${HOLDER} ${NOT_INSTALLED}`,
} as const;

const BY_LIST = {
  ...INSTALLED,
  masked: `${HOLDER} unknown | would find another preload list than ${OTHER} (BindReadOnlyPaths=/dev/null:/etc/ld.so.preload) | portreservectl install --unit masked.service [list]`,
  maskedtoo: `${HOLDER} ${COVERED}`,
  noexec: NO_EXEC,
  none: `${HOLDER} ${COVERED}`,
  preloaded: `program (bindresvport) unknown | would get other libraries before the shim (LD_PRELOAD=/opt/plain/libtirpc.so.3) | ${AGAIN} [order]`,
  emptied: `${HOLDER} ${COVERED}`,
  unset: `${HOLDER} ${COVERED}`,
  capable: `capable-${HOLDER} ${COVERED}`,
  setuid: `setuid-${HOLDER} ${COVERED}`,
  capability: `capable-${HOLDER} ${COVERED}`,
} as const;

describe.skipIf(reason !== undefined)(named("programs of the zoo that do not run", reason), () => {
  test("get no wrong verdict: before install, with drop-ins alone, and after install", async () => {
    await withGuest(bootZoo(IDLE), async (guest) => {
      await guest.output(`set -e; cd /usr/local/sbin
cp holder setuid-holder; chmod 4755 setuid-holder
cp holder capable-holder; setcap cap_net_bind_service+ep capable-holder
cp holder other-holder; setcap cap_net_raw+ep other-holder
${CTL} compile`);
      const before = await status(guest);
      expect(verdicts(before)).toEqual({ ...ALWAYS, ...NOWHERE });
      expect(await disagreeing(guest, before)).toEqual([
        "stripped: unknown, and it can",
        "rooted: unknown, and it can",
      ]);

      await guest.output(
        `set -e; ${CTL} install --unit "$@"
mkdir -p /etc/default /etc/systemd/system/unset.service.d
echo LD_PRELOAD= >/etc/default/emptied
printf '[Service]\\nUnsetEnvironment=LD_PRELOAD\\n' >/etc/systemd/system/unset.service.d/90-local.conf
systemctl daemon-reload`,
        { args: WITH_DROP_IN, timeout: 60_000 },
      );
      // systemd has none of them loaded, so that all is read from their files.
      expect(await loaded(guest)).toEqual([]);
      const byDropIn = await status(guest);
      expect(verdicts(byDropIn)).toEqual({ ...ALWAYS, ...BY_DROP_IN });
      expect(await disagreeing(guest, byDropIn)).toEqual([
        "stripped: unknown, and it can",
        "rooted: unknown, and it can",
        "notable: unknown, and it can",
        "othertable: unknown, and it can",
        "capable: unknown, and it can",
      ]);

      // Something that is loaded names them: from now on systemd is asked.
      const units = UNITS.map((unit) => `${unit}.service`);
      await guest.output(
        `set -e; mkdir -p /etc/systemd/system/multi-user.target.d
printf '[Unit]\\nAfter=%s\\n' "$*" >/etc/systemd/system/multi-user.target.d/zoo.conf; systemctl daemon-reload`,
        { args: units },
      );
      expect(await loaded(guest)).toEqual([...units].sort());
      expect(verdicts(await status(guest))).toEqual({ ...ALWAYS, ...BY_DROP_IN });

      await guest.output(`${CTL} install`);
      const byList = await status(guest);
      expect(verdicts(byList)).toEqual({ ...ALWAYS, ...BY_LIST });
      expect(await disagreeing(guest, byList)).toEqual([
        "stripped: unknown, and it can",
        "rooted: unknown, and it can",
        "notable: unknown, and it can",
        "othertable: unknown, and it can",
        "masked: unknown, and it can",
        "preloaded: unknown, and it can",
      ]);
    });
  }, 480_000);
});

/** Those of our units that systemd has loaded. */
async function loaded(guest: Guest): Promise<readonly string[]> {
  const all = await guest.output("systemctl show --all -p Id '*.service'");
  return UNITS.map((unit) => `${unit}.service`)
    .filter((unit) => all.split("\n").includes(`Id=${unit}`))
    .sort();
}

/**
 * Starts each, and has it take the reserved bait: whoever can and is not called "not covered", or cannot and is not
 * called "covered". Afterwards none runs.
 */
async function disagreeing(guest: Guest, found: Status): Promise<readonly string[]> {
  await startServices(guest, ...UNITS);
  const can = {
    ...(await takers(guest, ...UNITS)),
    setuid: await takesAsNobody(guest, ANYBODY.setuid),
    capability: await takesAsNobody(guest, ANYBODY.capability),
  };
  await guest.output('systemctl stop "$@"; rm /run/zoo/*', { args: UNITS });
  const said = rows(found);
  return Object.entries(can).flatMap(([name, takes]) => {
    const verdict = said.get(name)?.verdict ?? "no row";
    return verdict === (takes ? "not covered" : "covered")
      ? []
      : [`${name}: ${verdict}, and it ${takes ? "can" : "cannot"}`];
  });
}
