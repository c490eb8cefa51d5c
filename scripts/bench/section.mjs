// The pieces that sections of the report are made of: figures with their spread, and goals.

/** A ratio as text: median, and the quartiles in brackets. */
export function withSpread({ low, median, high }) {
  return `${median.toFixed(3)} (${low.toFixed(3)}-${high.toFixed(3)})`;
}

/** Seconds as microseconds with their spread. */
export function microseconds({ low, median, high }) {
  const text = (value) => (value * 1e6).toFixed(0);
  return `${text(median)} (${text(low)}-${text(high)})`;
}

/** Nanoseconds with their spread. */
export function nanoseconds({ low, median, high }) {
  return `${median.toFixed(0)} (${low.toFixed(0)}-${high.toFixed(0)})`;
}

/** A plain number with its spread. */
export function figure({ low, median, high }, digits) {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}-${high.toFixed(digits)})`;
}

/** What must hold: the median of `found` is at most `limit`. `unit` is "x" for a ratio. */
export function goal(what, found, limit, unit = "x") {
  return { what, found, limit, unit, met: found.median <= limit };
}

export function goalText({ found, limit, unit, met }) {
  const digits = unit === "MiB" ? 0 : 3;
  return [`${figure(found, digits)} ${unit}`, `<= ${limit} ${unit}`, met ? "met" : "MISSED"];
}
