// How the fleet tier runs: `npm run test:fleet`. Many hosts, managed and watched by what administrators run already: real Ansible, Prometheus, node_exporter.
import { defineConfig } from "vitest/config";
import guests, { reporters } from "../guests/vitest.config.ts";

/** Its hosts are guests. */
export default defineConfig({
  test: {
    ...guests.test,
    include: ["test/fleet/*.test.ts"],
    reporters: reporters({
      name: "fleet",
      title: "Many hosts",
      command: "PORTRESERVE_RECORD=1 npm run test:fleet",
      note:
        "Many hosts, managed and watched by what administrators run already. The control is the same scene without " +
        "portreserve, or with a fault that must be found.",
      columns: ["scenario", "hosts", "control", "result"],
      packages: [
        "ansible-core",
        "prometheus",
        "prometheus-node-exporter",
        "monitoring-plugins-basic",
        "systemd",
        "mmdebstrap",
      ],
    }),
  },
});
