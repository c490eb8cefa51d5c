// What tests of the holder share: the built program in a private network, with sockets by command beside it.
import path from "node:path";
import { compileC } from "../support/compile-c.ts";
import { noSandbox, type Play, play } from "../support/sandbox.ts";
import { stagedNatives } from "../support/stage/stage.ts";

const HOLD = path.join(stagedNatives(), "portreserve-hold");
export const SHARE = path.join(stagedNatives(), "libportreserve-share.so");

/** Undefined where the holder can be tried, else why not. */
export const noHolder = await noSandbox();

/** A compiled file with these lines, "hold tcp 631". */
export function holdFile(...lines: readonly string[]): string {
  return ["portreserve-hold 1", ...lines, `end ${lines.length}`, ""].join("\n");
}

export interface Scene extends Partial<Play> {
  /** /etc/portreserve.hold; none by default. */
  readonly file?: string;
}

/**
 * Runs a script in a private network and gives its lines. In it `holder` starts the holder, whose process is $HOLDER, and
 * waits until it is ready; `compiled LINE…` writes its file, `reload` makes it read that and waits until it has, `state`
 * shows what it holds, `states` the families of each port on a line; `said` what it wrote on standard error. `s COMMAND` has sockets.c
 * do something, `is LABEL COMMAND` shows its answer. Throws where the script failed.
 */
export async function scene(script: string, { file, ...request }: Scene = {}): Promise<readonly string[]> {
  const { status, stdout, stderr } = await play(`${PRELUDE}${script}\n`, {
    cover: "nothing",
    ...request,
    etc: { ...(file === undefined ? {} : { "portreserve.hold": file }), ...request.etc },
    environment: {
      HOLD,
      SHARE,
      SOCKETS: compileC("test/hold/sockets.c"),
      ...request.environment,
    },
  });
  if (status !== 0 || stderr !== "") throw new Error(`the script ended with ${status}: ${stdout}${stderr}`);
  return stdout.trimEnd().split("\n");
}

const PRELUDE = `
STATE=$SCRATCH/hold.json
mkfifo "$SCRATCH/in" "$SCRATCH/out"
"$SOCKETS" <"$SCRATCH/in" >"$SCRATCH/out" &
exec 3>"$SCRATCH/in" 4<"$SCRATCH/out"
s() { echo "$*" >&3; read -r answer <&4; }
is() { label=$1; shift; s "$@"; echo "$label: $answer"; }
is_ready() { grep -q "\\"pid\\":$HOLDER," "$STATE"; }
begin() { "$@" 3>&- 4<&- 2>>"$SCRATCH/said" & HOLDER=$!; }
holder() { begin "$HOLD" --state "$STATE" "$@"; until_works is_ready; }
compiled() { { echo "portreserve-hold 1"; printf '%s\\n' "$@"; echo "end $#"; } >/etc/new && mv /etc/new /etc/portreserve.hold; }
reload() { rm "$STATE"; kill -HUP "$HOLDER"; until_works is_ready; }
state() { cat "$STATE"; }
states() { sed -n 's/.*"port":\\([0-9]*\\),"protocol":"\\(...\\)","kind":"\\([a-z]*\\)","ipv4":"\\([a-z]*\\)","ipv6":"\\([a-z]*\\)","error":"*\\([^"]*\\)"*}.*/\\3 \\2 \\1: \\4 \\5 \\6/p' "$STATE"; }
said() { cat "$SCRATCH/said"; }
ended() { kill "$HOLDER"; wait "$HOLDER"; echo "ended with $?"; }
`;

/** The numbers of what was shown as "LABEL: NUMBER". */
export function numbers(lines: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(lines.map((line) => line.split(": ")).map(([label = "", value]) => [label, Number(value)]));
}

/** Begins loops that bind 631 of each protocol and let it go, until `COUNT`, which shows how often each had it. */
export const STORM = `for protocol in tcp udp; do
  echo "storm $protocol 0.0.0.0 631 $SCRATCH/stop" | "$SOCKETS" >"$SCRATCH/$protocol" &
done
until_works test -e "$SCRATCH/udp"`;
export const COUNT = `touch "$SCRATCH/stop"; until_works test -s "$SCRATCH/tcp"; until_works test -s "$SCRATCH/udp"
echo "tcp: $(cat "$SCRATCH/tcp")"; echo "udp: $(cat "$SCRATCH/udp")"`;

/**
 * For `until` in a shell that counts its turns in $i: both loops of `STORM` had their port, after `least` turns, or in vain
 * after 5000. With one processor such loops seldom come between two holders.
 */
export const bothWereHad = (least: number): string =>
  `[ -e "$SCRATCH/stop.tcp" ] && [ -e "$SCRATCH/stop.udp" ] && [ $i -ge ${least} ] || [ $i = 5000 ]`;
