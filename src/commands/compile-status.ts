// What a compile came to in one line, for `systemctl status`: a service that has done its work is inactive there.
import { JOURNAL_NAME } from "../core/systemd/unit-texts.ts";
import { diagnosticCount, rejectedCount } from "../report/diagnostics.ts";
import { escapeText } from "../report/escape.ts";
import type { Report } from "../report/types.ts";

export function compileStatus({ data, messages = [], diagnostics }: Report): string {
  if (data.result === "refused") return failedStatus(messages[0]?.message ?? "refused");
  const [tcp, udp] = [data.tcp, data.udp].map((list) => (Array.isArray(list) ? list.length : 0));
  const ports = `${tcp} tcp and ${udp} udp ports`;
  const errors = diagnosticCount(diagnostics, "error");
  const faults = messages.filter(({ severity }) => severity !== "note").length;
  if (errors === 0 && faults === 0) return `${ports} are in the table`;
  const left = errors === 0 ? "something was not done" : `left out: ${rejectedCount(errors)}`;
  return `${ports} are in the table; ${left}: see 'journalctl -t ${JOURNAL_NAME} -p warning'`;
}

export function failedStatus(why: string): string {
  return `not compiled: ${escapeText(why)}`;
}
