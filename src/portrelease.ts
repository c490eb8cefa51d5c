#!/usr/bin/env node
// portrelease: kept for scripts that still call it. No port is kept from its owner, so there is nothing to release.
import { writeSync } from "node:fs";

if (process.argv.includes("--verbose", 2)) {
  try {
    writeSync(
      1,
      "portrelease: nothing to release: no reserved port is kept from its owner, so a service can bind its port at any time\n",
    );
  } catch {
    // Exit 0 whatever happens: a start script must not fail on this.
  }
}
