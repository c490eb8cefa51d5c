// Medians and quartiles, and ratios of what was measured in the same round.

/** The value below which `share` (0 to 1) of the samples lie, interpolated between neighbours. */
function quantile(sorted, share) {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)];
  return below + (sorted[Math.ceil(place)] - below) * (place - Math.floor(place));
}

/** The median of the samples, and the quartiles as their spread. */
export function summary(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  return { low: quantile(sorted, 0.25), median: quantile(sorted, 0.5), high: quantile(sorted, 0.75) };
}

function median(samples) {
  return summary(samples).median;
}

export function mean(samples) {
  return samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
}

/** Sample by sample, `over` to `under` of the same round: what slows the machine down for a while slows both. */
export function ratio(over, under) {
  return summary(over.map((value, round) => value / under[round]));
}

/** The medians of consecutive groups of `size` samples. */
export function blocks(samples, size) {
  return Array.from({ length: Math.floor(samples.length / size) }, (_, block) =>
    median(samples.slice(block * size, (block + 1) * size)),
  );
}
