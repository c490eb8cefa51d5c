// What was seen of one service or socket of systemd, as plain data.
import type { Protocol } from "../core/config/types.ts";
import type { Unseen } from "../core/seen.ts";

export interface UnitFacts {
  /** "cups.service", "cups.socket". */
  readonly id: string;
  /** Its aliases too, `id` among them. */
  readonly names: readonly string[];
  /** "loaded", "not-found", "masked"… */
  readonly loadState: string;
  /** "active", "inactive", "failed"…; "not loaded" for one that systemd has not looked at. */
  readonly activeState: string;
  readonly mainPid: number | undefined;
  /** The programs of ExecStart=, absolute. */
  readonly programs: readonly string[];
  /** Those that it starts beside them, also while it runs: of ExecStartPre=, ExecReload=, ExecStop= and the like. */
  readonly helpers?: readonly string[];
  /** Why what it starts is not known. */
  readonly unread?: Unseen;
  /** Our drop-in is among its drop-ins. */
  readonly hasDropIn: boolean;
  /** It gives the shim's twin, whose ports are from 1024 up. */
  readonly highPorts?: true;
  /** When the newest of its drop-ins that we wrote was written, in milliseconds since 1970. */
  readonly dropInSince: number | undefined;
  /** Why the LD_PRELOAD of our drop-in may not reach its programs, whatever they are; `certain`: why it does not. */
  readonly dropInObstacle?: { readonly certain: boolean; readonly reason: string; readonly hint: string };
  /** That our drop-in preloads other libraries beside the shim than the unit names now: words after "unknown: ". */
  readonly dropInStale?: string;
  /** The setting that gives its programs another root: "RootDirectory=/srv/jail". */
  readonly otherRoot?: string;
  /** The setting that puts something else in the place of the table or of the shim: "InaccessiblePaths=/etc". */
  readonly hides?: string;
  /** The setting that puts something else in the place of the preload list: "BindReadOnlyPaths=/dev/null:/etc/ld.so.preload". */
  readonly hidesList?: string;
  /** The setting that keeps its programs from running the code of these libraries. */
  readonly noExec?: { readonly setting: string; readonly libraries: readonly string[] };
  /** The setting that keeps all its programs from every privileged port of the host: "PrivateUsers=yes". */
  readonly keptBy?: string;
  /** The setting that makes an ordinary user of these of its programs and helpers, who has no right to a privileged port: "User=www-data". */
  readonly ordinaryUser?: { readonly setting: string; readonly programs: readonly string[] };
  /** The setting that gives its programs a network, and so ports, of their own: "PrivateNetwork=yes". */
  readonly ownNetwork?: string;
  /** The AppArmor profile that it names for its programs, whatever profile attaches to them. */
  readonly profile?: string;
  /** Its LD_PRELOAD, where libraries come first in it that are not the shim. */
  readonly preloadsFirst?: string;
  /** Of sockets: what they listen on, ports below 1024 alone. */
  readonly listens: readonly { readonly protocol: Protocol; readonly address: string; readonly port: number }[];
}
