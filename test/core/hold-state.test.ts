// What portreserve-hold says of itself, as the manager reads it: the process, what it holds, and nothing that is not so.
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseHolderState } from "../../src/observe/holder/state.ts";

/** As native/hold writes it. */
const STATE = `{"version":1,"pid":4711,"startTime":123456,"file":{"path":"/etc/portreserve.hold","problem":null},"held":[
{"port":631,"protocol":"tcp","kind":"hold","ipv4":"held","ipv6":"beside","error":null},
{"port":623,"protocol":"udp","kind":"block","ipv4":"refused","ipv6":"absent","error":"EADDRINUSE"}
]}
`;

function parsed(text: string): unknown {
  return parseHolderState(Buffer.from(text));
}

test("names its process and every port that it was told of, refused ones too", () => {
  expect(parsed(STATE)).toEqual({
    pid: 4711,
    startTime: 123_456,
    held: [
      { kind: "hold", protocol: "tcp", port: 631, ipv4: "held", ipv6: "beside", error: undefined },
      { kind: "block", protocol: "udp", port: 623, ipv4: "refused", ipv6: "absent", error: "EADDRINUSE" },
    ],
  });
  expect(parsed('{"version":1,"pid":1,"startTime":0,"held":[]}')).toEqual({ pid: 1, startTime: 0, held: [] });
});

test.each([
  ["nothing", ""],
  ["half of it", STATE.slice(0, STATE.length / 2)],
  ["no object", "[1]"],
  ["null", "null"],
  ["no version", STATE.replace('"version":1,', "")],
  ["version 0", STATE.replace('"version":1', '"version":0')],
  ["no process", STATE.replace('"pid":4711,', "")],
  ["a process group for a process", STATE.replace("4711", "-4711")],
  ["process 0", STATE.replace("4711", "0")],
  ["half a process", STATE.replace("4711", "1.5")],
  ["a word for a process", STATE.replace("4711", '"4711"')],
  ["no start", STATE.replace('"startTime":123456,', "")],
  ["no ports", '{"version":1,"pid":1,"startTime":0}'],
  ["another kind", STATE.replace('"kind":"block"', '"kind":"reserve"')],
  ["another protocol", STATE.replace('"udp"', '"sctp"')],
  ["port 0", STATE.replace("623", "0")],
  ["a port above 65535", STATE.replace("623", "65536")],
  ["no state of a family", STATE.replace('"ipv4":"held",', "")],
  ["a state of its own", STATE.replace('"ipv6":"beside"', '"ipv6":"shared"')],
  ["a number for an error", STATE.replace('"EADDRINUSE"', "98")],
  ["no port", STATE.replace('"port":623,', "")],
])("is damaged with %s", (_, text) => {
  expect(parsed(text)).toBe("damaged");
});

test("is of the future with a later version, whatever else it has", () => {
  expect(parsed('{"version":2}')).toBe("future");
});

test("gives a process to signal, or none, whatever the bytes", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        const state = parseHolderState(bytes);
        expect(typeof state === "string" || (Number.isInteger(state.pid) && state.pid >= 1)).toBe(true);
      },
    ),
  );
});
