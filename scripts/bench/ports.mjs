// Which ports are busy, which are free, and where a search begins, so that every implementation tries equally many.

export const FIRST = 512;
const START = 600;
export const LAST = 1023;
const RANGE = LAST - START + 1;

const all = Array.from({ length: LAST - FIRST + 1 }, (_, index) => FIRST + index);

/**
 * For a share of busy ports (0, 50 or 99 %): the `busy` ports of 512 to 1023, the `free` ones that nobody reserves
 * from 600 up, and the `starts`: where searches begin, one after the other. Free ports are evenly spaced, and a search
 * begins just behind one, so that the next one is as far away for an implementation that begins each time where it
 * began before (libtirpc) as for one that goes on behind its last port (glibc, the shim).
 */
export function occupancy(percent, reserved) {
  const usable = (port) => port >= START && !reserved.has(port);
  if (percent === 0) {
    const free = all.filter(usable);
    // A step that is coprime to any length near 400 spreads the starts over the range.
    return { busy: [], free, starts: free.map((_, index) => free[(index * 61) % free.length]) };
  }
  const free = percent === 50 ? everyOther() : everyHundredth(reserved);
  const starts = free.filter(usable).map((port) => port + 1);
  return {
    busy: all.filter((port) => !free.includes(port)),
    free: free.filter(usable),
    starts: percent === 50 ? starts.filter((port) => !reserved.has(port) && usable(port + 1)) : starts,
  };
}

function everyOther() {
  return all.filter((port) => port % 2 === 0);
}

/** Four free ports of 512, 106 apart, and none of them or of the ports just behind them reserved. */
function everyHundredth(reserved) {
  for (let offset = 0; offset < RANGE / 4; offset++) {
    const free = [0, 1, 2, 3].map((quarter) => START + offset + (quarter * RANGE) / 4);
    if (free.every((port) => !reserved.has(port) && port < LAST && !reserved.has(port + 1))) return free;
  }
  throw new Error("so much is reserved that no four free ports evenly apart are left");
}

/** A process id with which libc's first candidate is `port`, out of the way of the sandbox's own ids. */
export function pidFor(port) {
  return 50 * RANGE + (port - START);
}
