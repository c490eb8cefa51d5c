// The README's two commands on Debian 13 with its own Node and npm.
import { describeRelease } from "./support/scenarios.ts";

await describeRelease({ suite: "trixie", node: "debian" }, "newcomer");
