// Which sockets a kernel lists.

/** Whether its lists have TCP sockets that are bound and neither listen nor are connected: since Linux 6.8. */
export function showsBoundSockets(release: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  return Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 8);
}
