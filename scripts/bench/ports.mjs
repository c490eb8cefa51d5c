// Which ports are busy, which are free, and where a search begins, so that every implementation tries equally many.

const FIRST = 512;
const START = 600;
const LAST = 1023;
const RANGE = LAST - START + 1;

const all = Array.from({ length: LAST - FIRST + 1 }, (_, index) => FIRST + index);

/** The `free` ports from 600 up that nobody reserves, and `starts`: the same ones, spread over the range. */
export function freeStarts(reserved) {
  const free = all.filter((port) => port >= START && !reserved.has(port));
  // A step that is coprime to any length near 400.
  return { free, starts: free.map((_, index) => free[(index * 61) % free.length]) };
}

/**
 * Ports of a host whose services run and hold what is reserved for them, and on which `percent` of the other ports of
 * 512 to 1023 are busy too, the free ones evenly spaced. `reserved` has the sets `udp` and `tcp`.
 * `busy`: as the holding program wants them. `free`: those from 600 up that an allocator can get, for `protocol`.
 * `starts`: where searches begin, the port behind each free one, so that a search that begins at the same port in every
 * call (libtirpc, ntirpc) has on average as far to go as one that goes on behind its last port (glibc, the shim).
 */
export function occupancy(percent, reserved, protocol) {
  const others = all.filter((port) => !reserved.udp.has(port) && !reserved.tcp.has(port));
  const open = new Set(others.filter((_, index) => isFree(index, percent)));
  const held = (port, name) => reserved[name].has(port) || (others.includes(port) && !open.has(port));
  const busy = all.flatMap((port) => {
    const names = ["udp", "tcp"].filter((name) => held(port, name));
    return names.length === 0 ? [] : [names.length === 2 ? `${port}` : `${port}/${names[0]}`];
  });
  const free = all.filter((port) => port >= START && !held(port, protocol));
  return { busy, free, starts: free.map((port) => (port < LAST ? port + 1 : START)) };
}

/** Whether the `index`th of the other ports stays free: 100 - percent of any hundred, evenly spaced. */
function isFree(index, percent) {
  const before = (count) => Math.floor((count * (100 - percent)) / 100);
  return before(index + 1) > before(index);
}

/** `count` of the starts, evenly spread over them. */
export function spread(starts, count) {
  return Array.from({ length: count }, (_, index) => starts[Math.floor((index * starts.length) / count)]);
}

/** A process id with which libc's first candidate is `port`, out of the way of the sandbox's own ids. */
export function pidFor(port) {
  return 50 * RANGE + (port - START);
}
