// The pieces that sections of the report are made of: figures with their spread, and goals.

/** A section of which nothing was measured yet, or can be. `skipped`: why, a text each. */
export function emptySection(id, title, skipped = []) {
  return { id, title, notes: [], tables: [], goals: [], skipped, data: [] };
}

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

/** A figure that was found to be the same in every run, or is the worst of several. */
export function exactly(value) {
  return { low: value, median: value, high: value };
}

/** What must hold: the median of `found` is at most `limit`. `unit` is "x" for a ratio. */
export function goal(what, found, limit, unit = "x") {
  return { what, found, limit, unit, relation: "<=", met: found.median <= limit };
}

/** What must hold: the median of `found` is less than `limit`. */
export function goalBelow(what, found, limit, unit = "x") {
  return { what, found, limit, unit, relation: "<", met: found.median < limit };
}

const DIGITS = { MiB: 0, KiB: 0 };

export function goalText({ found, limit, unit, relation, met }) {
  return [`${figure(found, DIGITS[unit] ?? 3)} ${unit}`, `${relation} ${limit} ${unit}`, met ? "met" : "MISSED"];
}
