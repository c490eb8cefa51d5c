// The script of an archive: the facts of this one, then the same text in every one.
import type { TableContent } from "../table/content.ts";
import { SETUP_APPLY } from "./setup-apply.ts";
import { SETUP_BASE } from "./setup-base.ts";
import { SETUP_INSTALL } from "./setup-install.ts";
import { SETUP_LIST } from "./setup-list.ts";
import { SETUP_PLAN } from "./setup-plan.ts";
import { SETUP_TRIAL } from "./setup-trial.ts";
import { SETUP_VERBS } from "./setup-verbs.ts";

export interface ArchiveFacts {
  readonly version: string;
  /** The ABI of the host's own programs, as the places of loaders name them. */
  readonly arch: string;
  /** Those that the archive has a shim for. */
  readonly abis: readonly string[];
  /** The newest version of glibc that its shim needs. */
  readonly libc: string;
  readonly ports: Pick<TableContent, "tcp" | "udp">;
  readonly holds: boolean;
  readonly places: HostPlaces;
  /** What ends a table that is in force, and one that is retired. */
  readonly inForce: Uint8Array;
  readonly retired: Uint8Array;
}

/** Of a host, as absolute paths. */
export interface HostPlaces {
  /** The folder of the script and its record. */
  readonly home: string;
  readonly list: string;
  /** ld.so's name for the shim. */
  readonly entry: string;
  readonly table: string;
  readonly hold: string;
  readonly owners: string;
  readonly units: string;
  readonly lock: string;
  /** glibc's, by ABI. */
  readonly loaders: readonly { readonly abi: string; readonly file: string }[];
}

/** Every value is of this program's own making: none needs more than quotes. */
export function setupText({ version, arch, abis, libc, ports, holds, places, inForce, retired }: ArchiveFacts): string {
  const { home, list, entry, table, hold, owners, units, lock, loaders } = places;
  return `#!/bin/sh
# Puts what this archive has on a host without Node, checks it, and takes it away again. Written by 'portreservectl export'.
# usage: sh setup install [--dry-run] | check | uninstall [--dry-run]
# shellcheck disable=SC2015,SC2016,SC2317
# By an argument, not a variable: what the caller's environment has in it would be kept with that.
case \${1-} in
  --clean) shift ;;
  *) exec /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C sh "$0" --clean "$@" ;;
esac
version='${version}'
arch='${arch}'
abis='${abis.join(" ")}'
libc='${libc}'
tcp='${ports.tcp.join(" ")}'
udp='${ports.udp.join(" ")}'
holds='${holds ? "yes" : ""}'
in_force='${octalText(inForce)}'
retired='${octalText(retired)}'
home='${home}'
list='${list}'
entry='${entry}'
table='${table}'
hold='${hold}'
owners='${owners}'
units='${units}'
lock='${lock}'
all_abis='${loaders.map(({ abi }) => abi).join(" ")}'
loaders='${loaders.map(({ abi, file }) => `${abi} ${file}`).join("\n")}'
${SETUP_BASE}${SETUP_LIST}${SETUP_APPLY}${SETUP_TRIAL}${SETUP_PLAN}${SETUP_INSTALL}${SETUP_VERBS}`;
}

/** As printf's %b reads it. */
function octalText(bytes: Uint8Array): string {
  return [...bytes].map((byte) => `\\0${byte.toString(8).padStart(3, "0")}`).join("");
}
