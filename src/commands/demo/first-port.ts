// Which port libc's bindresvport() tries first, and so which process id makes it ask for a given port.

/** glibc's and libtirpc's range: 600 to 1023, entered at 600 + pid % 424. */
const FIRST = 600;
const PORTS = 424;

/** Clear of the ids that a fresh pid namespace gives out by itself, and below the smallest default of pid_max (32,768). */
const LEAST_PID = 21_000;

/** The least process id from 21,000 up whose first candidate is `port`, 600 to 1023. */
export function pidAskingFirstFor(port: number): number {
  const remainder = port - FIRST;
  return LEAST_PID + ((remainder - (LEAST_PID % PORTS) + PORTS) % PORTS);
}
