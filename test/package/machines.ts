// The machines that the package is installed on: each Debian release with each Node, with nothing of this machine in them.
import { debianRoot, noDebianRoot } from "../support/roots/debian.ts";
import { type NodeRequest, nodeLayer, noNode } from "../support/roots/node.ts";
import { noSandbox } from "../support/sandbox.ts";

/** Debian 11, 12 and 13. */
export const RELEASES = [
  { suite: "bullseye", glibc: "2.31" },
  { suite: "bookworm", glibc: "2.36" },
  { suite: "trixie", glibc: "2.41" },
] as const;

/** The oldest that package.json allows with the npm that came with it, then the newest of two release lines; npm 12 runs no install scripts. */
export const NODES = [
  { node: "18.19.0", npm: "10.2.3" },
  { node: "22", npm: "10" },
  { node: "24", npm: "12" },
] as const satisfies readonly NodeRequest[];

export interface PackageMachine {
  readonly suite: string;
  readonly glibc: string;
  readonly node: string;
  readonly npm: string;
  readonly layers: readonly string[];
  /** Why it cannot be had here. */
  readonly reason: string | undefined;
}

/** One of them. Makes and fetches what is not there yet (20 s of work for a release, 5 s for a Node); an error where everything is required. */
export async function packageMachine(
  release: (typeof RELEASES)[number],
  node: (typeof NODES)[number],
): Promise<PackageMachine> {
  const [noRoot, lacksNode, noSandboxes] = await Promise.all([noDebianRoot(release), noNode(node), noSandbox()]);
  const layers = [nodeLayer(node), debianRoot(release)];
  return { ...release, ...node, layers, reason: noSandboxes ?? noRoot ?? lacksNode };
}

/** All nine. */
export async function packageMachines(): Promise<readonly PackageMachine[]> {
  return Promise.all(RELEASES.flatMap((release) => NODES.map((node) => packageMachine(release, node))));
}
