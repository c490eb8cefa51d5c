#!/usr/bin/env node
// portrelease: kept for scripts that still call it. Nothing is held, so there is nothing to release.
import { writeSync } from "node:fs";

if (process.argv.includes("--verbose", 2)) {
  try {
    writeSync(
      1,
      "portrelease: nothing to release: reserved ports are not held, they are only never handed out to others, so a " +
        "service can bind its port at any time\n",
    );
  } catch {
    // Exit 0 whatever happens: a start script must not fail on this.
  }
}
