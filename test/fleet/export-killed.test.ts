// Killed before each command that changes something, or failed by it, the script of an archive leaves a host that works.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { noteFleet } from "../guests/support/evidence.ts";
import { PACKAGES } from "../guests/support/releases.ts";
import { named } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { FULL } from "../support/full.ts";
import { debianRoot, noDebianRoot } from "../support/roots/debian.ts";
import { inRoot } from "../support/roots/enter.ts";
import { ASKING, exported, rebuilt } from "./support/export.ts";
import { KILLER, STEPPED } from "./support/export-killer.ts";

const ROOT = { suite: "bookworm", include: PACKAGES } as const;
const reason = await noDebianRoot(ROOT);
/** Seconds for one matrix. */
const BUDGET = FULL ? 3_600 : 6;

/**
 * Each line that it prints says what went wrong, but for one that says how far it came. `before` makes the host on which `verb` is
 * disturbed. Each step of a small number of them, and of more every so many, from another one each time round.
 */
const matrix = (how: "kill" | "fail", before: string, verb: string): string => `${ASKING}${STEPPED}
cp /lib/*-linux-gnu/libm.so.6 /usr/lib/libtheirs.so
printf '# theirs\\n/usr/lib/libtheirs.so' >/etc/ld.so.preload
tree >/tmp/bare
unpack first
prepare() { ${before}; }
prepare >/tmp/prepared 2>&1 || cat /tmp/prepared
tree >/tmp/before
stepped 0 0 ${verb} || cat /tmp/said
read -r all </tmp/steps
tree >/tmp/after
setup uninstall >/dev/null
tree | cmp -s - /tmp/bare || echo "it leaves something: $(tree | diff /tmp/bare -)"
done=0
end=$(($(date +%s) + ${BUDGET}))
stride=7
[ "$all" -gt 30 ] || stride=1
point() {
  prepare >/tmp/prepared 2>&1 || cat /tmp/prepared
  if [ ${how} = kill ]; then
    stepped "$1" 0 ${verb} && echo "$1: was not killed"
  else
    stepped 0 "$1" ${verb}
    status=$?
    # What is only tidied up may fail.
    if [ "$status" != 0 ]; then
      tree | cmp -s - /tmp/before || echo "$1: after '$(cat /tmp/failed)' failed: $(tree | diff /tmp/before -)"
    elif ! tree | cmp -s - /tmp/after; then echo "$1: '$(cat /tmp/failed)' failed, and it went on"
    fi
  fi
  said=$(works)
  [ -z "$said" ] || echo "$1: programs say: $said"
  if [ $(($1 % 2)) = 0 ]; then
    unpack next
    setup install >/tmp/said 2>&1 || echo "$1: install does not complete: $(cat /tmp/said)"
    setup check >/tmp/said 2>&1 || echo "$1: $(cat /tmp/said)"
    unpack first
  fi
  setup uninstall >/tmp/said 2>&1 || echo "$1: uninstall does not complete: $(cat /tmp/said)"
  tree | cmp -s - /tmp/bare || echo "$1: something is left: $(tree | diff /tmp/bare -)"
  done=$((done + 1))
}
for offset in $(seq "$stride"); do
  for at in $(seq "$offset" "$stride" "$all"); do
    [ "$(date +%s)" -lt "$end" ] || break 2
    point "$at"
  done
done
echo "summary ${verb}: $done of $all"
`;

async function played(script: string): Promise<{ readonly wrong: readonly string[]; readonly summary: string }> {
  const files = scratch();
  writeFileSync(path.join(files, "killer"), KILLER);
  const first = exported({ cups: "631\n", radius: "1812/udp hold\n" });
  const next = rebuilt(exported({ cups: "631\n", mail: "993/tcp\n" }));
  const { stdout, stderr } = await inRoot(script, {
    layers: [debianRoot(ROOT)],
    files: {
      "/root/killer": path.join(files, "killer"),
      "/root/first.tar.gz": first,
      "/root/next.tar.gz": next,
    },
    timeout: FULL ? 3_600_000 : 230_000,
  });
  expect(stderr).toBe("");
  const lines = stdout.trimEnd().split("\n");
  return { wrong: lines.slice(0, -1), summary: lines.at(-1) ?? "" };
}

const UPGRADE = "unpack first && setup install && unpack next";
test.skipIf(reason !== undefined).each([
  ["kill", "install", ":"],
  ["kill", "install", UPGRADE],
  ["kill", "uninstall", "setup install"],
  ["fail", "install", ":"],
  ["fail", "install", UPGRADE],
] as const)(
  named("at each step: %s %s after '%s'", reason),
  async (how, verb, before) => {
    const { wrong, summary } = await played(matrix(how, before, verb));
    console.log(`${how}: ${summary}`);
    expect(wrong).toEqual([]);
    expect(Number(/: (\d+) of/.exec(summary)?.[1])).toBeGreaterThan(0);
    noteFleet(
      `an archive's script at each step: ${how} ${verb} after '${before}'`,
      "Debian 12 without Node",
      "a list that names a missing library is found by what programs say",
      `every program starts, and uninstall leaves nothing: ${summary.replace(/^.*: /, "")} steps`,
    );
  },
  FULL ? 3_600_000 : 240_000,
);

test.skipIf(reason !== undefined)(
  named("a list that names a missing library is found by what programs say (control)", reason),
  async () => {
    const { stdout } = await inRoot(`${ASKING}\nworks\necho /usr/lib/missing.so >/etc/ld.so.preload\nworks`, {
      layers: [debianRoot(ROOT)],
    });
    expect(stdout.trimEnd().split("\n")).toHaveLength(8);
    expect(stdout).toContain("ERROR: ld.so: object '/usr/lib/missing.so' from /etc/ld.so.preload cannot be preloaded");
  },
);
