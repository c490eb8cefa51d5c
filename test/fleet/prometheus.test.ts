// Alerts and dashboard for Prometheus: made of metrics that the program really writes, and two hundred hosts in a real Prometheus.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { verbs } from "../../src/cli/registry.ts";
import { packageRoot } from "../../src/core/native.ts";
import { noteFleet } from "../guests/support/evidence.ts";
import { named, skipFor, skipReason } from "../support/can.ts";
import { hasHolder } from "../support/holder.ts";
import { noHost } from "../support/host.ts";
import { alertLines, alertsOf, documentedGroups, notifications, serveHosts, twoHundred } from "./support/many-hosts.ts";
import { type Labels, RULES, startPrometheus } from "./support/prometheus.ts";
import { recordedScenes, type Scene } from "./support/scenes.ts";
import { notWritten, type Written, writtenIn } from "./support/used.ts";

const FLEET = path.join(packageRoot, "scripts/fleet");
const TESTS = RULES.replace(".rules.yml", ".rules.test.yml");
const noTools =
  skipReason({ program: "promtool", package: "prometheus" }, { program: "prometheus", package: "prometheus" }) ??
  (await noHost()) ??
  skipFor(hasHolder ? undefined : "portreserve-hold was not built");

interface Rule {
  readonly alert: string;
  readonly expression: string;
  readonly annotations: string;
}

/** The rules of the file, by promtool's own reading of what is in it: a rule is a list item with an expression, folded or not. */
const rules = (text: string): readonly Rule[] =>
  text
    .split(/^ {6}- alert: /m)
    .slice(1)
    .map((rule) => ({
      alert: rule.split("\n", 1)[0] ?? "",
      expression: (/^ {8}expr: (?:>-\n)?((?:.+\n)(?: {10}.+\n)*)/m.exec(rule)?.[1] ?? "").replace(/\s+/g, " ").trim(),
      annotations: /^ {8}annotations:\n((?:.|\n)*)/m.exec(rule)?.[1] ?? "",
    }));

describe.skipIf(noTools !== undefined)(named("Prometheus", noTools), () => {
  const folder = mkdtempSync(path.join(tmpdir(), "portreserve-rules-"));
  let scenes: Readonly<Record<Scene, string>>;
  let written: Written;
  beforeAll(async () => {
    scenes = await recordedScenes();
    written = writtenIn(Object.values(scenes));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("promtool has nothing against the metrics of any scene", () => {
    for (const [scene, input] of Object.entries(scenes)) {
      const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
      expect({ scene, status, said: stdout + stderr }).toEqual({ scene, status: 0, said: "" });
    }
    const { stderr } = spawnSync("promtool", ["check", "metrics"], { input: "portreserveX 1\n", encoding: "utf8" });
    expect(stderr).toContain("no help text");
  });

  test("the alerts pass their tests, and these miss each alert that comes too late", () => {
    const text = readFileSync(RULES, "utf8");
    const checked = spawnSync("promtool", ["check", "rules", RULES], { encoding: "utf8" });
    expect(checked).toMatchObject({ status: 0, stderr: "" });
    const all = rules(text).map(({ alert }) => alert);
    expect(checked.stdout).toContain(`SUCCESS: ${all.length} rules found`);
    expect(spawnSync("promtool", ["test", "rules", TESTS])).toMatchObject({ status: 0 });
    // Where each waits for too long, each is missed.
    const late = text.replace(/^ +for: .*\n/gm, "").replace(/^ {8}(?=labels:)/gm, "        for: 1d\n        ");
    writeFileSync(path.join(folder, "portreserve.rules.yml"), late);
    writeFileSync(path.join(folder, "test.yml"), readFileSync(TESTS));
    const control = spawnSync("promtool", ["test", "rules", path.join(folder, "test.yml")], { encoding: "utf8" });
    const unmissed = all.filter((alert) => !control.stderr.includes(alert));
    expect({ status: control.status, unmissed }).toEqual({ status: 1, unmissed: [] });
  });

  test("alerts and panels use what the program writes, and commands that there are", () => {
    const dashboard = JSON.parse(readFileSync(path.join(FLEET, "grafana/portreserve.json"), "utf8")) as Dashboard;
    const faults = [
      ...rules(readFileSync(RULES, "utf8")).flatMap(({ alert, expression, annotations }) => {
        const beside = [...annotations.matchAll(/\$labels\.(\w+)/g)].map(([, label = ""]) => label);
        const [, command = ""] = /^ +command: "(.*)"$/m.exec(annotations) ?? [];
        const [, verb = ""] = /portreservectl (\w+)/.exec(command) ?? [];
        const isCommand =
          verbs.some(({ name }) => name === verb) || /\bsystemctl \S+ portreserve(-\w+)?\.\w+/.test(command);
        return [...notWritten(expression, beside, written), ...(isCommand ? [] : [`${alert}: no command: ${command}`])];
      }),
      ...dashboard.panels.flatMap(({ targets }) =>
        targets.flatMap(({ expr, legendFormat = "" }) => {
          const beside = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label);
          return notWritten(expr, beside, written);
        }),
      ),
    ];
    expect(faults).toEqual([]);
    expect(notWritten('sum by (port) (portreserve_stolen{kind="none"})', ["unit"], written)).toEqual([
      "no metric portreserve_stolen",
      ...["port", "kind", "unit"].map((label) => expect.stringContaining(`no label ${label}: `)),
      expect.stringContaining("no value none: "),
    ]);
    // What is shown of a host that has everything is all that there is; and the manual has each.
    const used = JSON.stringify(dashboard) + readFileSync(RULES, "utf8");
    const manual = readFileSync(path.join(packageRoot, "docs/portreservectl.8"), "utf8");
    const names = [...written.metrics.keys()];
    expect(names.filter((name) => !used.includes(name))).toEqual([]);
    expect(names.filter((name) => !manual.includes(name.replace("portreserve_", "")))).toEqual([]);
    expect([...written.values].filter((value) => /\s/.test(value))).toEqual([]);
  });

  test("the dashboard can be imported: a schema, a variable for the data source, panels with ids and places of their own", () => {
    const { schemaVersion, templating, panels } = JSON.parse(
      readFileSync(path.join(FLEET, "grafana/portreserve.json"), "utf8"),
    ) as Dashboard;
    expect(schemaVersion).toBeGreaterThan(30);
    expect(templating.list[0]).toMatchObject({ type: "datasource", name: "datasource", query: "prometheus" });
    expect(panels.filter(({ datasource }) => datasource.uid !== ["$", "{datasource}"].join(""))).toEqual([]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(cells.filter((cell) => Number(cell.split(" ")[0]) >= 24)).toEqual([]);
  });

  test("of two hundred hosts those have alerts that should, and a rack with one cause is one notification", async () => {
    const hosts = twoHundred();
    expect(hosts.length).toBe(200);
    const exporters = await serveHosts(hosts, scenes);
    const { query, stop } = await startPrometheus(exporters.targets);
    const firing = (): Promise<readonly Labels[]> => query('ALERTS{alertstate="firing"}');
    try {
      await until(async () => (await query("portreserve_look_timestamp_seconds")).length === 200);
      exporters.lose();
      await until(async () => alertLines(await firing()).length >= alertsOf(hosts).length);
      // Nothing else comes later.
      await setTimeout(5000);
      const alerts = await firing();
      expect(alertLines(alerts)).toEqual(alertsOf(hosts));
      expect((await query("up == 1")).length).toBe(200);

      const thefts = alerts.filter(({ alertname }) => alertname === "PortreserveStolen");
      expect([thefts.length, notifications(thefts, documentedGroups()), notifications(thefts, ["instance"])]).toEqual([
        ...[8, 1, 8],
      ]);
      const all = [notifications(alerts, documentedGroups()), notifications(alerts, ["alertname", "instance"])];
      expect(all[0]).toBeLessThan((all[1] ?? 0) / 2);

      // The thefts end, and so do their alerts; the others stay.
      for (const host of hosts) if (host.matter === "stolen") host.matter = "healthy";
      await until(async () => (await query('ALERTS{alertname="PortreserveStolen"}')).length === 0);
      await setTimeout(3000);
      expect(alertLines(await firing())).toEqual(alertsOf(hosts));
      noteFleet(
        "alerts of 200 hosts in a real Prometheus, of which a rack loses a port to one cause",
        "nine recorded scenes",
        "8 notifications of the rack without grouping",
        "each host has the alerts that it should and no other; the rack is 1 notification",
      );
    } finally {
      await stop();
      exporters.stop();
    }
  });
});

/** A minute at most, on a machine that does much else. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await isSo()) && Date.now() < end) await setTimeout(250);
}

interface Dashboard {
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly object[] };
  readonly panels: readonly {
    readonly id: number;
    readonly datasource: { readonly uid: string };
    readonly gridPos: Readonly<Record<"x" | "y" | "w" | "h", number>>;
    readonly targets: readonly { readonly expr: string; readonly legendFormat?: string }[];
  }[];
}
