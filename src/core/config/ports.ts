// The number part of a reservation line: '631' or '608-610', and a helpful word about everything near it.
import { quote } from "../text.ts";
import type { Fault } from "./fault.ts";
import { kindOfWord } from "./kind.ts";

/** Ports from `first` to `last`, inclusive, 1 to 65535. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

const HIGHEST = 65535;
const ANY_PORT = `write a port number from 1 to ${HIGHEST}`;
const RANGE_MARKS = /^(\d+)(?:\.{2,3}|[:~‐‑‒–—]|--)(\d+)$/;

/** Undefined for a text that is neither a number nor a range in form: it may be a name. */
export function parsePorts(text: string): PortRange | Fault | undefined {
  if (/^\d+$/.test(text)) {
    const port = parsePort(text, 0);
    return typeof port === "number" ? { first: port, last: port } : port;
  }
  const [, low, high] = /^(\d+)-(\d+)$/.exec(text) ?? [];
  if (low === undefined || high === undefined) return undefined;
  const first = parsePort(low, 0);
  if (typeof first !== "number") return first;
  const last = parsePort(high, low.length + 1);
  if (typeof last !== "number") return last;
  if (first <= last) return { first, last };
  return {
    code: "reversed-range",
    message: `the range ${quote(text)} ends before it begins`,
    hint: `write '${last}-${first}'`,
    start: 0,
    end: text.length,
  };
}

function parsePort(digits: string, start: number): number | Fault {
  const port = Number(digits);
  const span = { start, end: start + digits.length };
  if (port === 0) {
    return { code: "port-zero", message: "port 0 cannot be reserved", hint: ANY_PORT, ...span };
  }
  if (port > HIGHEST) {
    return { code: "port-too-high", message: `port ${quote(digits)} is above ${HIGHEST}`, hint: ANY_PORT, ...span };
  }
  if (digits.startsWith("0")) {
    return {
      code: "leading-zero",
      message: `leading zero in ${quote(digits)}, which could be meant as octal`,
      hint: `write '${port}'`,
      ...span,
    };
  }
  return port;
}

/** For a text that starts like a number but is none; otherwise undefined. A service name may start so too. */
export function malformedNumber(text: string): Fault | undefined {
  const span = { start: 0, end: text.length };
  if (!/^[+-]?\d/.test(text)) return undefined;
  if (/^-\d+$/.test(text)) {
    return { code: "negative-number", message: `negative number ${quote(text)}`, hint: ANY_PORT, ...span };
  }
  if (/^0x[0-9a-f]+$/i.test(text)) {
    const hint = isPort(Number(text)) ? `write '${Number(text)}'` : ANY_PORT;
    return { code: "hexadecimal-number", message: `hexadecimal number ${quote(text)}`, hint, ...span };
  }
  if (/^\d+(,\d+)+,?$/.test(text)) {
    return { code: "list-of-ports", message: `list of ports ${quote(text)}`, hint: "write one port a line", ...span };
  }
  const message = `${quote(text)} is neither a port number nor a known service`;
  return { code: "malformed-number", message, hint: instead(text), ...span };
}

function instead(text: string): string {
  const [, low, high] = RANGE_MARKS.exec(text) ?? [];
  if (isPort(Number(low)) && isPort(Number(high)) && Number(low) <= Number(high)) {
    return `write '${Number(low)}-${Number(high)}'`;
  }
  const [, sign, digits, rest = ""] = /^([+-]?)(\d+)(.*)$/su.exec(text) ?? [];
  const port = Number(digits);
  if (sign === "-" || !isPort(port)) return ANY_PORT;
  const kind = kindOfWord(rest);
  if (kind !== undefined) return `write '${port} ${kind}'`;
  if (/^[^\p{L}\p{N}]*$/u.test(rest)) return `write '${port}'`;
  return /^\p{L}/u.test(rest) ? `write '${port}' if that port is meant, and '#' before a comment` : ANY_PORT;
}

function isPort(number: number): boolean {
  return Number.isInteger(number) && number >= 1 && number <= HIGHEST;
}
