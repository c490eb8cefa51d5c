// A process that ends, or starts another program, while the manager looks: what it was is past, and nothing is said of it.
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { HOLD, OBSERVE } from "../support/held.ts";
import { ownHost } from "../support/own-host.ts";
import { NODE } from "../support/stage/stage.ts";

interface Seen {
  readonly pid?: number;
  readonly program?: unknown;
  readonly objects?: unknown;
}

/**
 * What is seen of a shell of its own file, of `user`, which is sent `signal` meanwhile: at SIGUSR1 it becomes merged/hold, on
 * an overlay, of which the kernel does not say whether it would keep anybody waiting.
 */
function seenAfter(user: number, signal: "SIGKILL" | "SIGUSR1" | ""): Seen {
  const script = `mount -t tmpfs none "$1" && cd "$1" && mkdir lower upper work merged && cp "$2" lower/hold && cp /bin/sh shell
mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work o merged && chmod 755 . merged
setpriv --reuid=${user} --regid=${user} --clear-groups ./shell -c 'trap "exec $0/merged/hold" USR1; echo ready; while :; do sleep 0.05; done' "$1" >said & ID=$!
until grep -qs ready said; do sleep 0.02; done
"$3" "$4" $ID ${signal}`;
  const { stdout, stderr } = spawnSync("unshare", [...ownHost(script), scratch(), HOLD, NODE, OBSERVE], {
    encoding: "utf8",
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  if (stderr !== "" || stdout === "") throw new Error(`${stderr}: it ended without an answer`);
  return JSON.parse(stdout) as Seen;
}

const reason = skipReason("root");

test.skipIf(reason !== undefined).each([0, 65_534])(named("of user %i", reason), (user) => {
  // A control: without a signal it is a shell.
  expect(seenAfter(user, "")).toMatchObject({ program: expect.stringMatching(/shell$/) as string });
  expect(seenAfter(user, "SIGKILL").pid).toBeUndefined();
  // As it was when it was read, or as it is; never as something that nobody could read.
  const other = seenAfter(user, "SIGUSR1");
  expect(other).toMatchObject({ program: expect.stringMatching(/\/shell$|\/merged\/hold$/) as string });
  expect(Array.isArray(other.objects)).toBe(true);
});
