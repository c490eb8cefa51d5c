// A service that asks for any privileged port, first for one that is reserved, and keeps what it gets; and what it got.
import { built, THIEF_PID } from "../support/sandbox.ts";

/**
 * A process id is free only when systemd has seen the end of the process that had it. The output goes into a file that each
 * start makes empty: the journal files a line under the invocation that had this process id a second ago.
 */
export const thiefUnit = (pid = THIEF_PID): string => `[Unit]
StartLimitIntervalSec=0
[Service]
Type=exec
Restart=on-failure
RestartSec=100ms
StandardOutput=truncate:/run/%N.out
ExecStart=${built.pidexec} --pid ${pid} -- ${built.probe} --symbol bindresvport --hold
`;

/** A script that prints what the service's present process was given: what it says itself. */
export const portOf = (unit: string, tries = 500): string => `
for try in $(seq ${tries}); do
  line=$(grep -m1 '"port"' /run/${unit}.out) && break
  sleep 0.02
done
echo "$line"`;
