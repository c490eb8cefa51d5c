// The compiled file: what is taken, each kind of damage by its line and reason, and what stays held when it is damaged.
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { holdFile, noHolder, scene } from "./scene.ts";

const port = (number: number): string => `hold tcp ${number}`;
const many = (count: number): string[] => Array.from({ length: count }, (_, index) => port(index + 1));
const good = holdFile("hold tcp 631", "block udp 623");

/** Each file with what is wrong with it; where nothing is, what it comes to. */
const FILES: readonly (readonly [string, string | Uint8Array, string])[] = [
  ["an ordinary one", good, "1 to hold, 1 to block"],
  ["one without ports", holdFile(), "0 to hold, 0 to block"],
  ["as many ports as may be", holdFile(...many(2048)), "2048 to hold, 0 to block"],
  ["the least and the highest port", holdFile(port(1), port(65535)), "2 to hold, 0 to block"],
  ["another order", holdFile("hold udp 9", "hold tcp 9", "hold tcp 8"), "3 to hold, 0 to block"],
  ["an empty file", "", "line 1: the first line is not 'portreserve-hold 1'"],
  ["another version", good.replace("hold 1", "hold 2"), "line 1: the first line is not 'portreserve-hold 1'"],
  ["a mark of byte order", `\uFEFF${good}`, "line 1: the first line is not 'portreserve-hold 1'"],
  ["line ends of DOS", good.replaceAll("\n", "\r\n"), "line 1: the first line is not 'portreserve-hold 1'"],
  ["the header alone", "portreserve-hold 1\n", "line 2: the file ends too early"],
  ["no last line", good.replace("end 2\n", ""), "line 4: the file ends too early"],
  ["a last line without an end", good.trimEnd(), "line 4: the number of ports is another one"],
  ["cut off within a port", good.slice(0, 31), "line 2: the line does not end with a port from 1 to 65535"],
  ["too small a number at the end", good.replace("end 2", "end 1"), "line 4: the number of ports is another one"],
  ["too large a number at the end", good.replace("end 2", "end 3"), "line 4: the number of ports is another one"],
  ["zeros at the end", good.replace("end 2", "end 02"), "line 4: the number of ports is another one"],
  ["something after the end", `${good}hold tcp 1\n`, "line 4: something comes after the end"],
  ["an empty line after the end", `${good}\n`, "line 4: something comes after the end"],
  [
    "an empty line",
    holdFile("hold tcp 1", "", "hold tcp 2"),
    "line 3: the line begins with neither hold, block nor end",
  ],
  ["a comment", holdFile("# hold tcp 1"), "line 2: the line begins with neither hold, block nor end"],
  ["another kind", holdFile("keep tcp 1"), "line 2: the line begins with neither hold, block nor end"],
  ["capitals", holdFile("Hold tcp 1"), "line 2: the line begins with neither hold, block nor end"],
  ["a blank before", holdFile(" hold tcp 1"), "line 2: the line begins with neither hold, block nor end"],
  ["two blanks", holdFile("hold  tcp 1"), "line 2: the protocol is neither tcp nor udp"],
  ["a tab", holdFile("hold\ttcp 1"), "line 2: the line begins with neither hold, block nor end"],
  ["another protocol", holdFile("hold sctp 1"), "line 2: the protocol is neither tcp nor udp"],
  ...["0", "65536", "99999999999999999999", "0631", "+1", "-1", "1 ", "1x", "0x1", "", "1\0", "１"].map(
    (text) =>
      [
        `the port '${JSON.stringify(text).slice(1, -1)}'`,
        holdFile(port(7), `hold tcp ${text}`),
        "line 3: the line does not end with a port from 1 to 65535",
      ] as const,
  ),
  ["a port twice", holdFile(port(7), port(8), port(7)), "line 4: the port is there twice"],
  ["a port of both kinds", holdFile("block udp 7", "hold udp 7"), "line 3: the port is there twice"],
  ["one port too many", holdFile(...many(2049)), "line 2050: there are more than 2048 ports"],
  [
    "bytes of anything",
    Uint8Array.from({ length: 4096 }, (_, index) => (index * 167) & 255),
    "line 1: the first line is not 'portreserve-hold 1'",
  ],
  ["more than 64 KiB", good.padEnd(65537, "\n"), "it is longer than 64 KiB"],
];

describe.skipIf(noHolder !== undefined)(named("the holder's file", noHolder), () => {
  test("is taken as it was compiled, or refused as a whole, with the line and why", async () => {
    const etc = Object.fromEntries(FILES.map(([, content], index) => [`cases/${index}`, content]));
    const check = FILES.map((_, index) => `said=$("$HOLD" --check --file /etc/cases/${index} 2>&1); echo "$said ($?)"`);
    const lines = await scene(check.join("\n"), { etc });
    const shown = FILES.map(([name, , comes], index) => {
      const file = `/etc/cases/${index}`;
      const isGood = comes.endsWith("to block");
      return `${name}: ${isGood ? `${file}: ${comes} (0)` : `portreserve-hold: error: '${file}': ${comes} (1)`}`;
    });
    expect(lines.map((line, index) => `${FILES[index]?.[0]}: ${line}`)).toEqual(shown);
  });

  test("counts only where it is root's alone, and a file", async () => {
    const lines = await scene(
      `check() { said=$("$HOLD" --check 2>&1); echo "$said ($?)"; }
check
chmod 664 /etc/portreserve.hold; check
chmod 646 /etc/portreserve.hold; check
chmod 600 /etc/portreserve.hold; check
rm /etc/portreserve.hold; check
ln -s loop /etc/loop; echo "$("$HOLD" --check --file /etc/loop 2>&1)"
mkfifo /etc/portreserve.hold; check
rm /etc/portreserve.hold; mkdir /etc/portreserve.hold; check`,
      { file: good },
    );
    const [fine, bad] = ["/etc/portreserve.hold: ", "portreserve-hold: error: '/etc/portreserve.hold': "];
    expect(lines).toEqual([
      `${fine}1 to hold, 1 to block (0)`,
      `${bad}others than root can write it (1)`,
      `${bad}others than root can write it (1)`,
      `${fine}1 to hold, 1 to block (0)`,
      `${fine}0 to hold, 0 to block (0)`,
      "portreserve-hold: error: '/etc/loop': ELOOP",
      `${bad}it is no regular file (1)`,
      `${bad}it is no regular file (1)`,
    ]);
  });

  const noRoot = skipReason("root");
  test.skipIf(noRoot !== undefined)(named("of another user is refused", noRoot), async () => {
    const lines = await scene(`chown 1 /etc/portreserve.hold; "$HOLD" --check 2>&1 || true`, {
      file: good,
      kind: "root",
    });
    expect(lines).toEqual(["portreserve-hold: error: '/etc/portreserve.hold': it does not belong to root"]);
  });

  test("that is damaged changes nothing of what is held, and says so, until it is good again", async () => {
    const lines = await scene(
      `holder; states
ls -l /proc/$HOLDER/fd | grep -o 'socket:.*' | sort >"$SCRATCH/before"
echo 'hold tcp 7' >>/etc/portreserve.hold; reload; states
ls -l /proc/$HOLDER/fd | grep -o 'socket:.*' | sort | cmp - "$SCRATCH/before" && echo the same sockets
is thief try tcp 0.0.0.0 631
grep -o '"problem":[^}]*' "$STATE"
compiled 'hold tcp 7'; reload; states; grep -o '"problem":[^}]*' "$STATE"
is thief try tcp 0.0.0.0 631
said; ended; [ -e "$STATE" ] || echo no state`,
      { file: good },
    );
    const held = ["hold tcp 631: held held null", "block udp 623: held held null"];
    expect(lines).toEqual([
      ...held,
      ...held,
      "the same sockets",
      "thief: EADDRINUSE",
      '"problem":"line 4: something comes after the end"',
      "hold tcp 7: held held null",
      '"problem":null',
      "thief: ok",
      "portreserve-hold: error: '/etc/portreserve.hold' is refused: line 4: something comes after the end; what was held is still held",
      "ended with 0",
      "no state",
    ]);
  });

  test("that is damaged at the start holds nothing, and is taken once it is good", async () => {
    const lines = await scene(
      `holder; states; is thief try tcp 0.0.0.0 631
compiled 'hold tcp 631'; reload; states; is thief try tcp 0.0.0.0 631
said`,
      { file: "portreserve-hold 1\n" },
    );
    expect(lines).toEqual([
      "thief: ok",
      "hold tcp 631: held held null",
      "thief: EADDRINUSE",
      "portreserve-hold: error: '/etc/portreserve.hold' is refused: line 2: the file ends too early; nothing is held, until SIGHUP says that it is good",
    ]);
  });

  test("may be missing, and may go: then nothing is held", async () => {
    const lines = await scene(`holder; states; is thief try tcp 0.0.0.0 631
compiled 'hold tcp 631'; reload; states; rm /etc/portreserve.hold; reload; states; is thief try tcp 0.0.0.0 631; said`);
    expect(lines).toEqual(["thief: ok", "hold tcp 631: held held null", "thief: ok"]);
  });
});

describe.skipIf(noHolder !== undefined)(named("the holder's command line", noHolder), () => {
  test("is refused where it is not understood, by name", async () => {
    const lines =
      await scene(`for words in --what --file "--file /x more" "--state"; do "$HOLD" $words 2>&1; echo "($?)"; done
"$HOLD" --root "" 2>&1; echo "($?)"`);
    const hint = "; 'portreserve-hold --help' says what there is";
    expect(lines).toEqual([
      `portreserve-hold: error: unknown argument '--what'${hint}`,
      "(2)",
      `portreserve-hold: error: no path after '--file'${hint}`,
      "(2)",
      `portreserve-hold: error: unknown argument 'more'${hint}`,
      "(2)",
      `portreserve-hold: error: no path after '--state'${hint}`,
      "(2)",
      `portreserve-hold: error: no path after '--root'${hint}`,
      "(2)",
    ]);
  });

  test("has help, a version and a root for both files", async () => {
    const lines = await scene(
      `"$HOLD" --help | head -1; "$HOLD" --version
mkdir -p "$SCRATCH/root/etc" "$SCRATCH/root/run"; cp /etc/portreserve.hold "$SCRATCH/root/etc"
STATE=$SCRATCH/root/run/portreserve/hold.json
begin "$HOLD" --root "$SCRATCH/root"; until_works is_ready; states
stat -c '%a %n' "$SCRATCH/root/run/portreserve" "$STATE" | sed 's|/.*/run/||'`,
      { file: good },
    );
    expect(lines).toEqual([
      "usage: portreserve-hold [--root FOLDER] [--file FILE] [--state FILE] [--fdstore] [--check]",
      expect.stringMatching(/^portreserve-hold \d+\.\d+\.\d+$/),
      "hold tcp 631: held held null",
      "block udp 623: held held null",
      "755 portreserve",
      "644 portreserve/hold.json",
    ]);
  });
});
