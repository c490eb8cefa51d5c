// Privileged ports that a socket unit listens on, as its file and as 'systemctl show' write them.
import type { Protocol } from "../config/types.ts";

export interface Listen {
  readonly protocol: Protocol;
  readonly address: string;
  /** 1 to 1023. */
  readonly port: number;
}

const PROTOCOLS: Readonly<Record<string, Protocol>> = { Stream: "tcp", Datagram: "udp" };

/** "127.0.0.1:631 (Stream)", as systemctl shows it; undefined for paths, other kinds and ports from 1024 on. */
export function shownListen(text: string): Listen | undefined {
  const [, place, kind] = /^(.*) \(([A-Za-z]+)\)$/s.exec(text) ?? [];
  return place === undefined || kind === undefined ? undefined : listen(kind, place);
}

/** The value of ListenStream= or ListenDatagram=; a port alone means every address of both families. */
export function writtenListen(kind: "Stream" | "Datagram", value: string): Listen | undefined {
  return listen(kind, /^[0-9]+$/.test(value) ? `[::]:${value}` : value);
}

function listen(kind: string, place: string): Listen | undefined {
  const protocol = Object.hasOwn(PROTOCOLS, kind) ? PROTOCOLS[kind] : undefined;
  const [, six, four, digits] = /^(?:\[([0-9A-Fa-f:.]+(?:%[^\]\s]+)?)\]|([0-9.]+)):([0-9]{1,5})$/.exec(place) ?? [];
  const port = Number(digits);
  const address = six ?? four;
  if (protocol === undefined || address === undefined || !(port >= 1 && port < 1024)) return undefined;
  return { protocol, address, port };
}
