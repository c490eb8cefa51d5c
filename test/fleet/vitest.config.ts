// How the fleet tier runs: `npm run test:fleet`. Many hosts, managed and watched by what administrators run already: real Ansible, Prometheus, node_exporter.
import { defineConfig } from "vitest/config";
import guests from "../guests/vitest.config.ts";

/** Its hosts are guests. */
export default defineConfig({ test: { ...guests.test, include: ["test/fleet/*.test.ts"] } });
