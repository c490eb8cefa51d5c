// The files of the mechanism 'fixed': their texts, and what is in one of ours.
import type { Protocol } from "../config/types.ts";
import { FIXED_KINDS, type FixedPort } from "./fixed-ports.ts";
import { markOf } from "./texts.ts";

const MARK = markOf("fixed");

/** A file of reservations: each line names its daemon, in a comment. */
export function ownersText(ports: readonly FixedPort[]): string {
  const lines = ports.map(({ name, port, count, protocol }) => {
    const last = count === 2 ? `-${port + 1}` : "";
    return `${port}${last}${protocol === undefined ? "" : `/${protocol}`} # ${name}\n`;
  });
  return `${MARK}\n${lines.join("")}`;
}

export function parseOwners(text: string): readonly FixedPort[] {
  return [...text.matchAll(/^([0-9]{1,5})(?:-([0-9]{1,5}))?(?:\/(tcp|udp))? # (\S+)$/gm)].flatMap(
    ([, first, last, protocol, name]): FixedPort[] => {
      const kind = FIXED_KINDS.find((one) => one.name === name);
      const port = Number(first);
      const count = last === undefined ? 1 : 2;
      if (kind === undefined || port < 1 || port + count > 65_536) return [];
      return [{ name: kind.name, port, count, ...(protocol === undefined ? {} : { protocol: protocol as Protocol }) }];
    },
  );
}

/** What is set by us: each number where it is, undefined where somebody else has set it or the daemon is not there. */
export interface NfsNumbers {
  readonly statd: number | undefined;
  readonly notify: number | undefined;
  readonly lockd: number | undefined;
  readonly mountd: number | undefined;
}

/** Read by the daemons of nfs-utils after nfs.conf; rpc.statd and nfsdctl tell the kernel what it says of lockd. */
export function nfsConfText({ statd, notify, lockd, mountd }: NfsNumbers): string {
  return [
    `${MARK}\n`,
    section("statd", [
      ["port", statd],
      ["outgoing-port", notify],
    ]),
    section("sm-notify", [["outgoing-port", notify]]),
    section("lockd", [
      ["port", lockd],
      ["udp-port", lockd],
    ]),
    section("mountd", [["port", mountd]]),
  ].join("");
}

function section(name: string, settings: readonly (readonly [string, number | undefined])[]): string {
  const lines = settings.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}\n`]));
  return lines.length === 0 ? "" : `[${name}]\n${lines.join("")}`;
}

export function lockdModprobeText(port: number): string {
  return `${MARK}\noptions lockd nlm_tcpport=${port} nlm_udpport=${port}\n`;
}

export function lockdSysctlText(port: number): string {
  return `${MARK}\n-fs.nfs.nlm_tcpport = ${port}\n-fs.nfs.nlm_udpport = ${port}\n`;
}

/** `command`: the whole value of ExecStart=. */
export function fixedDropInText(command: string): string {
  return `${MARK}\n[Service]\nExecStart=\nExecStart=${command}\n`;
}

const SHELL_MARK =
  "# By 'portreservectl mechanisms apply fixed'; 'portreservectl mechanisms remove fixed' takes these two lines away";
/** How the marks end, by what was there before. */
const ENDS = { line: ".", "no end of line": ", and the line end before.", "no file": ", and the file." } as const;
type Before = keyof typeof ENDS;

/** A file of shell variables of the administrator's, with the option in it; undefined: there is no such file. */
export function withOption(text: string | undefined, variable: string, option: string): string {
  const rest = text === undefined ? undefined : withoutOption(text);
  const before: Before =
    rest === undefined ? "no file" : rest === "" || rest.endsWith("\n") ? "line" : "no end of line";
  const gap = before === "no end of line" ? "\n" : "";
  return `${rest ?? ""}${gap}${SHELL_MARK}${ENDS[before]}\n${variable}="$${variable} ${option}"\n`;
}

/** As it was before; undefined where there was no file, and nobody has put anything into it since. */
export function withoutOption(text: string): string | undefined {
  const at = text.indexOf(SHELL_MARK);
  if (at < 0) return text;
  const end = text.indexOf("\n", at);
  const next = end < 0 ? -1 : text.indexOf("\n", end + 1);
  const mark = text.slice(at + SHELL_MARK.length, end < 0 ? text.length : end);
  const start = mark === ENDS["no end of line"] && text.charAt(at - 1) === "\n" ? at - 1 : at;
  const after = next < 0 ? "" : text.slice(next + 1);
  const gap = start < at && after !== "" ? "\n" : "";
  const rest = `${text.slice(0, start)}${gap}${after}`;
  return mark === ENDS["no file"] && rest === "" ? undefined : rest;
}

export function hasOption(text: string): boolean {
  return text.includes(SHELL_MARK);
}
