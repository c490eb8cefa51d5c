// Metrics in Prometheus' text format: escaped, sorted, and as promtool wants them.
import { describe, expect, test } from "vitest";
import { prometheusText } from "../../src/report/prometheus.ts";
import { metricFaults } from "../support/metrics-lint.ts";

describe("metrics", () => {
  test("are sorted, with HELP and TYPE once, and one line a sample", () => {
    const text = prometheusText([
      {
        name: "b_ports",
        help: "Two\nlines and a \\.",
        type: "gauge",
        samples: [
          { labels: { unit: "z", port: "1" }, value: 1 },
          { labels: { port: "1", unit: "a" }, value: 0.5 },
          { labels: { port: "1", unit: "a" }, value: 9 },
        ],
      },
      { name: "c_none", help: "Left out.", type: "gauge", samples: [] },
      { name: "a_time_seconds", help: "One.", type: "gauge", samples: [{ value: 1_790_000_000.25 }] },
    ]);
    expect(text).toBe(
      "# HELP a_time_seconds One.\n# TYPE a_time_seconds gauge\na_time_seconds 1790000000.25\n" +
        "# HELP b_ports Two\\nlines and a \\\\.\n# TYPE b_ports gauge\n" +
        'b_ports{port="1",unit="a"} 0.5\nb_ports{port="1",unit="z"} 1\n',
    );
    expect(metricFaults(text)).toEqual([]);
  });

  test.each([
    ['a"} 1\nevil 1\n', 'm{unit="a\\"} 1\\\\nevil 1\\\\n"} 1'],
    ["back\\slash", 'm{unit="back\\\\\\\\slash"} 1'],
    ["\u001b[31m\udc80", 'm{unit="\\\\x1b[31m\\\\x80"} 1'],
  ])("never let a label forge a line: %j", (unit, line) => {
    const text = prometheusText([{ name: "m", help: "M.", type: "gauge", samples: [{ labels: { unit }, value: 1 }] }]);
    expect(text.split("\n").slice(2)).toEqual([line, ""]);
    expect(metricFaults(text)).toEqual([]);
  });

  test("are refused under a name that the format does not have, or twice", () => {
    const metric = { help: "M.", type: "gauge", samples: [{ value: 1 }] } as const;
    expect(() => prometheusText([{ ...metric, name: "a b" }])).toThrow(TypeError);
    expect(() =>
      prometheusText([
        { ...metric, name: "m" },
        { ...metric, name: "m" },
      ]),
    ).toThrow(TypeError);
    const labels = { "a-b": "" };
    expect(() => prometheusText([{ ...metric, name: "m", samples: [{ labels, value: 1 }] }])).toThrow(TypeError);
  });
});

test.each([
  ["m 1", "no newline at the end"],
  ["m 1\n", "m: no HELP"],
  ["# HELP m M\n# TYPE m gauge\nm 1\nm 2\n", "m: a sample twice: "],
  ["# HELP m M\n# HELP m M\n# TYPE m gauge\nm 1\n", "m: a second HELP"],
  ['# HELP m M\n# TYPE m gauge\nm{a="b"c="d"} 1\n', 'm: bad labels: a="b"c="d"'],
  ["# HELP m_ms M\n# TYPE m_ms gauge\nm_ms 1\n", "m_ms: no base unit"],
  ["# HELP m_total M\n# TYPE m_total gauge\nm_total 1\n", "m_total: not for a gauge"],
])("the lint finds what is wrong with %j", (text, fault) => {
  expect(metricFaults(text)).toContain(fault);
});
