// The README's two commands on Debian 12 with a Node of the registry.
import { describeRelease } from "./support/scenarios.ts";

await describeRelease({ suite: "bookworm", node: { node: "20", npm: "10" } }, "root");
