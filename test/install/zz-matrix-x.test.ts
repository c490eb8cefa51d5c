// x
import { expect, test } from "vitest";
import { judge } from "../support/fault/judge.ts";
import { runMatrix } from "../support/fault/matrix.ts";
import { everyError, everyKill, PATIENCE } from "../support/fault/points.ts";
import { MANAGER } from "../support/fault/run-scene.ts";
const INSTALL = `${MANAGER} install`;
const UNINSTALL = `${MANAGER} uninstall`;
const CONFIGURE = "mkdir -p /etc/portreserve && echo 631 hold >/etc/portreserve/cups";
const next = { install: INSTALL, uninstall: UNINSTALL };
const few = <T>(all: readonly T[]): readonly T[] => all.length <= 24 ? all : all.filter((_, i) => i % Math.ceil(all.length / 24) === 0);
const mine = (calls: any) => calls.filter(({ paths }: any) => paths.some((p: string) => /portreserve-hold|portreserve\.hold|sysinit/.test(p)));
for (const [name, choose] of [["kill", everyKill], ["error", everyError]] as const)
  for (const [verb, prepare, command] of [["install", CONFIGURE, INSTALL], ["uninstall", `${CONFIGURE} && ${INSTALL}`, UNINSTALL]] as const)
    test(`${name} ${verb}`, async () => {
      const matrix = await runMatrix({ prepare, command, continuations: next }, (calls) => { const p = choose(mine(calls)); console.log(name, verb, p.length, mine(calls).length); return few(p); });
      const { summary, failures } = judge(`${name} ${verb}`, matrix);
      console.log(summary);
      expect(failures).toEqual([]);
    }, PATIENCE);
