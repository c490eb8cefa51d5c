// Draws the time of a call against the share of busy ports, as SVG that can be read on a light and on a dark page.
import * as echarts from "echarts";

const WIDTH = 860;
const HEIGHT = 800;
const FONT = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";

// As they are drawn for a light page, and what a dark page shows instead.
const COLOURS = {
  page: ["#ffffff", "#0d1117"],
  hollow: ["#fff", "#0d1117"],
  text: ["#1f2328", "#e6edf3"],
  quiet: ["#59636e", "#9198a1"],
  grid: ["#d8dee4", "#2f363d"],
};

// Readable on both pages, and each with a symbol of its own, so that they are distinct without colour too.
const SHIM = { color: "#e5342b", symbol: "circle", width: 3, size: 9 };
const ALONE = [
  { color: "#848d97", symbol: "circle" },
  { color: "#2f6fde", symbol: "rect" },
  { color: "#b35c00", symbol: "triangle" },
  { color: "#1b8a5a", symbol: "emptyTriangle", type: "dashed" },
  { color: "#a45fe0", symbol: "diamond", type: "dotted" },
];
// They lie on glibc's line: side by side, so that each can be seen.
const BESIDE = ["emptyCircle", "emptyRect", "emptyTriangle", "emptyDiamond"].map((symbol, index) => ({
  color: "#2f6fde",
  symbol,
  width: 0,
  offset: [-24, -12, 12, 24][index],
}));

/**
 * The SVG. `percents` are the shares; `lines` have a `name` and `nanoseconds` for each share, and say whether they are
 * the `shim`, or glibc's function `beside` a preload;
 * `base` is the line that the lower half compares with.
 */
export function plot({ percents, lines, base }) {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: HEIGHT });
  try {
    chart.setOption(options(percents, lines, base));
    return themed(chart.renderToSVGString());
  } finally {
    chart.dispose();
  }
}

function options(percents, lines, base) {
  const [[text], [quiet], [grid]] = [COLOURS.text, COLOURS.quiet, COLOURS.grid];
  const axis = {
    nameTextStyle: { color: quiet, fontSize: 13 },
    axisLabel: { color: quiet, fontSize: 12 },
    axisLine: { show: true, lineStyle: { color: quiet } },
    axisTick: { lineStyle: { color: quiet } },
    splitLine: { lineStyle: { color: grid } },
  };
  const shares = {
    ...axis,
    type: "category",
    data: percents.map((percent) => `${percent} %`),
    nameLocation: "middle",
    nameGap: 30,
  };
  const heading = (words, top) => ({
    text: words,
    left: 16,
    top,
    textStyle: { color: text, fontSize: 15, fontFamily: FONT },
  });
  return {
    animation: false,
    backgroundColor: COLOURS.page[0],
    textStyle: { fontFamily: FONT },
    title: [
      heading("UDP: time of one call of bindresvport(), µs (the scale is logarithmic)", 10),
      heading("The same, relative to glibc's function", 354),
    ],
    legend: [0, 1, 2].map((column) => legend(column, lines)),
    grid: [
      { left: 64, right: 24, top: 44, height: 250 },
      { left: 64, right: 24, top: 388, height: 250 },
    ],
    xAxis: [
      { ...shares, gridIndex: 0 },
      {
        ...shares,
        gridIndex: 1,
        name: "busy ports among those that nobody reserves; the reserved ones are held by their services",
      },
    ],
    yAxis: [
      { ...axis, type: "log", gridIndex: 0, min: 0.5 },
      { ...axis, type: "value", gridIndex: 1, min: 0 },
    ],
    series: looks(lines).flatMap(({ line, look }) => [
      series(
        line,
        look,
        0,
        line.nanoseconds.map((ns) => Number((ns / 1000).toFixed(3))),
      ),
      series(line, look, 1, relative(line, base)),
    ]),
  };
}

/** A third of the names. A column of their own leaves room for whichever font draws them. */
function legend(column, lines) {
  const each = Math.ceil(lines.length / 3);
  return {
    orient: "vertical",
    top: 694,
    left: 16 + column * 285,
    selectedMode: false,
    textStyle: { color: COLOURS.text[0], fontSize: 12 },
    data: lines.slice(column * each, (column + 1) * each).map(({ name }) => name),
  };
}

function relative(line, base) {
  return base === undefined
    ? []
    : line.nanoseconds.map((ns, index) => Number((ns / base.nanoseconds[index]).toFixed(3)));
}

/** The lines with what they look like. */
function looks(lines) {
  const alone = ALONE.values();
  const beside = BESIDE.values();
  return lines.map((line) => ({ line, look: line.shim ? SHIM : (line.beside ? beside : alone).next().value }));
}

function series({ name }, { color, symbol, type = "solid", width = 1.5, size = 7, offset = 0 }, axis, data) {
  return {
    name,
    type: "line",
    silent: true,
    xAxisIndex: axis,
    yAxisIndex: axis,
    data,
    color,
    symbol,
    symbolSize: size,
    symbolOffset: [offset, 0],
    lineStyle: { width, type },
    itemStyle: { borderWidth: 1.5 },
  };
}

/** Colours that depend on the page get a dark page's where the reader prefers one: a rule outdoes an attribute. */
function themed(svg) {
  const rules = Object.values(COLOURS).flatMap(([light, dark]) =>
    ["fill", "stroke"].map((property) => `[${property}="${light}"]{${property}:${dark}}`),
  );
  const style = `<style>@media (prefers-color-scheme: dark){${rules.join("")}}</style>`;
  return `${svg.replace(/(<svg[^>]*>)/, `$1\n${style}`).trimEnd()}\n`;
}
