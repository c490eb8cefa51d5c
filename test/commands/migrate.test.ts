// migrate on a host that never had the portreserve daemon of old, and what it asks of whoever runs it.
import { expect, test } from "vitest";
import { named } from "../support/can.ts";
import { noHost, onHost } from "../support/host.ts";
import { schemaFaults } from "../support/schema.ts";

const notHere = await noHost();

test.skipIf(notHere !== undefined)(
  named("migrate has nothing to do where there is no old daemon, needs root, and takes no other root", notHere),
  async () => {
    const step = await onHost(`rm -f /usr/sbin/portreserve /etc/init.d/portreserve
step none ctl migrate
step json ctl migrate --dry-run --json
step user nobody "$NODE" "$MANAGER" migrate --dry-run
step root ctl migrate --root "$SCRATCH"
`);
    expect(step("none")).toEqual({
      status: 0,
      stdout: "nothing to do: the old portreserve daemon is not on this host\n",
      stderr: "",
    });
    const { status, stdout } = step("json");
    expect({ status, faults: schemaFaults("migrate", JSON.parse(stdout)) }).toEqual({ status: 0, faults: [] });
    expect(JSON.parse(stdout)).toMatchObject({ dryRun: true, result: "nothing", found: { processes: [] }, steps: [] });
    expect(step("user")).toEqual({
      status: 4,
      stdout: "",
      stderr: `portreservectl: error: migrate needs root: it looks at programs of root, and ends one of them
hint: run 'sudo portreservectl migrate --dry-run'
`,
    });
    expect(step("root")).toMatchObject({
      status: 2,
      stderr: `portreservectl: error: 'migrate' looks at the running host, so it does not take --root
hint: 'portreservectl check --root FOLDER' looks at an image
`,
    });
  },
);
