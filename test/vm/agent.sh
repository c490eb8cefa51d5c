#!/bin/bash
# In the machine, as root: runs each script that comes through the port, and answers with its status, output and errors.
# Both ways one line in base64 each; what a script leaves in the background does not hold up the answer.
exec 3<>/dev/virtio-ports/agent
cd /
while read -r -u 3 script; do
    printf %s "$script" | base64 -d >/run/agent.script
    sh /run/agent.script </dev/null >/run/agent.out 2>/run/agent.err 3>&-
    printf '%s %s %s\n' $? "$(base64 -w 0 /run/agent.out)" "$(base64 -w 0 /run/agent.err)" >&3
done
