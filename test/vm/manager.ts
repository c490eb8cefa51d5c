// The manager's answers in a machine, as data.
import type { Machine } from "./machine.ts";

export interface Allocator {
  readonly kind: string;
  readonly name: string;
  readonly pid: number | null;
  readonly unit: string | null;
  readonly via: readonly string[];
  readonly verdict: string;
  readonly reason: string | null;
  readonly hint: string | null;
}

export interface Port {
  readonly port: number;
  readonly protocol: string;
  readonly state: string;
  readonly holders: readonly { readonly verdict: string; readonly name: string; readonly pid: number | null }[];
}

export interface Status {
  readonly verdict: string;
  readonly totals: Readonly<Record<string, number>>;
  readonly answers: readonly {
    readonly id: string;
    readonly state: string;
    readonly answer: string;
    readonly hint: string | null;
  }[];
  readonly allocators: readonly Allocator[];
  readonly ports: readonly Port[];
  readonly hints: readonly { readonly id: string; readonly message: string }[];
}

export async function statusOf(machine: Machine): Promise<Status> {
  return JSON.parse(await machine.output("portreservectl status --json")) as Status;
}

export interface Lookup {
  readonly ports: readonly Port[];
  readonly threats: readonly Allocator[];
}

/** Of one port that is reserved. */
export async function lookup(machine: Machine, port: string): Promise<Lookup> {
  return JSON.parse(await machine.output(`portreservectl lookup ${port} --json`)) as Lookup;
}

/** "749/tcp" for each port below 1024 that is held, as status has them. */
export function heldIn({ ports }: Status): readonly string[] {
  return ports
    .filter(({ state }) => state === "held" || state === "stolen")
    .map(({ port, protocol }) => `${port}/${protocol}`);
}
