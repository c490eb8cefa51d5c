// Asks nobody, as of old: whatever root comes upon is taken for root's.

export function othersMayWrite(): undefined {
  return undefined;
}
