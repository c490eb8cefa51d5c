// The library for owners that do not set SO_REUSEADDR: with it they have their held port, and without it they have not.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { tableOf } from "../support/sandbox.ts";
import { holdFile, noHolder, SHARE, scene } from "./scene.ts";

/** What the program of this path prints, with these libraries before libc, in their order. */
const preloaded = (libraries: string, program: string): string => `LD_PRELOAD="${libraries}" "${program}"`;

describe.skipIf(noHolder !== undefined)(named("an owner without SO_REUSEADDR", noHolder), () => {
  const file = holdFile("hold tcp 631", "hold udp 631");
  /** A second sockets.c, with the library or without. */
  const owner = (library: string): string => `holder
mkfifo "$SCRATCH/in2" "$SCRATCH/out2"
${library === "" ? "" : `LD_PRELOAD=${library} `}"$SOCKETS" <"$SCRATCH/in2" >"$SCRATCH/out2" 3>&- 4<&- &
exec 5>"$SCRATCH/in2" 6<"$SCRATCH/out2"
o() { label=$1; shift; echo "$*" >&5; read -r answer <&6; echo "$label: $answer"; }
o udp bind u udp 0.0.0.0 631; o tcp bind o tcp :: 631
s bind c udp 0.0.0.0 0; s send c 20 127.0.0.1 631
`;
  const SERVES = `o datagrams count u; o listens listen o; is connects connect d tcp 127.0.0.1 631; o accepts accept a o
is thief try udp 0.0.0.0 631; is thief try tcp 0.0.0.0 631`;

  test("is refused its held port (control)", async () => {
    expect(await scene(owner(""), { file })).toEqual(["udp: EADDRINUSE", "tcp: EADDRINUSE"]);
  });

  test("has it with the library, and its datagrams and connections", async () => {
    expect(await scene(`${owner(SHARE)}${SERVES}`, { file })).toEqual([
      ...["udp: ok", "tcp: ok", "datagrams: 20", "listens: ok", "connects: ok", "accepts: ok"],
      ...["thief: EADDRINUSE", "thief: EADDRINUSE"],
    ]);
  });

  test.each([
    ["another table", { "portreserve.table": tableOf(632) }],
    ["a damaged table", { "portreserve.table": "x" }],
  ])("is refused with the library and %s: it goes by the table", async (_, etc) => {
    expect(await scene(owner(SHARE), { file, etc })).toEqual(["udp: EADDRINUSE", "tcp: EADDRINUSE"]);
  });
});

describe.skipIf(noHolder !== undefined)(named("the library", noHolder), () => {
  const CALLS = compileC("test/hold/bind-calls.c");

  test("changes the flag of sockets of TCP and UDP for a reserved port, and nothing else of any call", async () => {
    const lines = await scene(`"${CALLS}"; echo; ${preloaded(SHARE, CALLS)}`);
    const middle = lines.indexOf("");
    const [plain, shared] = [lines.slice(0, middle), lines.slice(middle + 1)];
    const differ = shared.filter((line, index) => line !== plain[index]);
    const set = ["tcp 631", "udp 631", "tcp 631 over IPv6", "udp 631 over IPv6"];
    expect(differ).toEqual(set.map((what) => `${what}: 0 errno 77 flag 1`));
    expect(plain.slice(0, 4)).toEqual(set.map((what) => `${what}: 0 errno 77 flag 0`));
    expect(plain.map((line) => line.split(":")[0])).toEqual([
      ...set,
      ...["tcp 632", "tcp 1655", "tcp 0", "raw 631", "a path"],
      ...["no address", "no length", "a short one", "no descriptor", "no socket"],
    ]);
  });

  test("has another library's bind() called where that comes before it, and not where it comes behind (limit)", async () => {
    const WRAP = compileC("test/hold/wrap-bind.c", ["-shared", "-fPIC", "-ldl"]);
    const lines = await scene(
      `"${CALLS}" | head -1; for list in ${WRAP} "${WRAP} ${SHARE}" "${SHARE} ${WRAP}"; do LD_PRELOAD=$list "${CALLS}" 2>&1 | head -2; done`,
    );
    expect(lines).toEqual([
      "tcp 631: 0 errno 77 flag 0",
      ...["wrapped", "tcp 631: 0 errno 77 flag 0"],
      ...["wrapped", "tcp 631: 0 errno 77 flag 1"],
      ...["tcp 631: 0 errno 77 flag 1", "udp 631: 0 errno 77 flag 1"],
    ]);
  });
});
