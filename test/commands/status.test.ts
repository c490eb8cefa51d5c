// status, map and lookup on a running host: a sandbox with a private /etc, as root and as somebody else, in every form of output.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { ctl } from "../support/cli.ts";
import { noHost, onHost } from "../support/host.ts";
import { metricFaults } from "../support/metrics-lint.ts";
import { schemaFaults } from "../support/schema.ts";

test.each([
  [["status", "--json", "--prometheus"], "--prometheus and --json exclude each other"],
  [["status", "--json", "--output", "x.prom"], "--prometheus and --json exclude each other"],
  [["status", "--watch", "--prometheus"], "--prometheus and --watch exclude each other"],
  [["status", "--output", ""], "'--output' names no file"],
  ...["status", "map", "verify", "reserve"].flatMap((verb) =>
    [
      [verb, "--root", "/tmp"],
      ["--root", "/tmp", verb],
    ].map((words): [string[], string] => [
      verb === "reserve" ? [...words, "cups"] : words,
      `'${verb}' looks at the running host, so it does not take --root`,
    ]),
  ),
])("refuses %j with exit code 2", (args, message) => {
  const { status, stdout, stderr } = ctl(args);
  const said = args.includes("--json") ? JSON.parse(stdout).messages[0].message : stderr.split("\n")[0];
  expect({ status, said: said.replace("portreservectl: error: ", "") }).toEqual({ status: 2, said: message });
});

test.each(["status", "map", "verify", "reserve"])("lists no --root in the help of %s", (verb) => {
  const options = (name: string) => ctl(["help", name]).stdout.match(/(?<=^ {2})--\w+/gm);
  expect(options(verb)).toContain("--json");
  expect(options(verb)).not.toContain("--root");
  expect(options("lookup")).toContain("--root");
});

test("never replaces a device or a folder by metrics", () => {
  expect(ctl(["status", "--output", "/dev/null"])).toMatchObject({ status: 5, stdout: "" });
  expect(ctl(["status", "--output", "/tmp"])).toMatchObject({ status: 5, stdout: "" });
});

const reason = await noHost();
describe.skipIf(reason !== undefined)(named("on a host", reason), () => {
  test("tells the same in every form", async () => {
    const step = await onHost(`
step compile ctl compile
step text ctl status
step json ctl status --json
step nobody nobody "$NODE" "$MANAGER" status --json
step metrics ctl status --prometheus
step file ctl status --output "$SCRATCH/p.prom"
step content cat "$SCRATCH/p.prom"
step mode stat -c %a "$SCRATCH/p.prom"
step map ctl map --json
step lookup ctl lookup 631/udp --json
step list ctl list
step pipe sh -c '"$0" "$1" status | true' "$NODE" "$MANAGER"
`);
    for (const name of ["json", "nobody"]) {
      const document = JSON.parse(step(name).stdout);
      expect({ status: step(name).status, faults: schemaFaults("status", document) }).toEqual({
        status: 0,
        faults: [],
      });
      expect(document).toMatchObject({ asRoot: name === "json", totals: { reserved: 2, owners: 1, stolen: 0 } });
    }
    expect(step("text")).toMatchObject({ status: 0, stderr: "" });
    expect(step("text").stdout).toMatch(/^2 ports reserved for 1 service · /);
    expect(metricFaults(step("metrics").stdout)).toEqual([]);
    expect(step("file")).toEqual({ status: 0, stdout: "", stderr: "" });
    const timeless = (text: string): string => text.replace(/^portreserve_look_timestamp_seconds .*$/m, "");
    expect(timeless(step("content").stdout)).toBe(timeless(step("metrics").stdout));
    expect(step("mode").stdout).toBe("644\n");
    const picture = JSON.parse(step("map").stdout);
    expect(schemaFaults("map", picture)).toEqual([]);
    expect([picture.tcp[631 - 512], picture.udp[631 - 512], picture.tcp[632 - 512]]).toEqual(["r", "r", "."]);
    const answer = JSON.parse(step("lookup").stdout);
    expect(schemaFaults("lookup", answer)).toEqual([]);
    expect(answer).toMatchObject({ ports: [{ port: 631, reserved: true, state: "free", holders: [] }] });
    expect(step("list").stdout).toContain(
      "\nwhether the programs of this host run with the shim: 'portreservectl status' tells\n",
    );
    expect(step("pipe")).toMatchObject({ status: 0, stderr: "" });
  });
});
