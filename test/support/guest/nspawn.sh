#!/bin/bash
# Boots a guest by systemd-nspawn, as init.sh does by itself. Runs in a mount namespace of its own; ends as the guest does.
# Arguments: the root, the guest's cgroup, then folders to show read-only at their own paths.
set -eu
root=$1 cgroup=$2
shift 2

# nspawn takes the cgroup it is in for the guest's, and expects version 2 alone.
echo $$ >"$cgroup/cgroup.procs"
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# It notes its guests there: the host's folder stays as it is.
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs /run

shown=()
for folder in "$@"; do shown+=("--bind-ro=$folder"); done
# The first process must end with its keeper, also where nspawn is killed.
setpriv --pdeathsig KILL systemd-nspawn --quiet --boot --directory="$root" --machine=guest --register=no --keep-unit \
  --private-network --console=pipe --resolv-conf=off --timezone=off --link-journal=no --settings=no \
  --drop-capability=CAP_MKNOD,CAP_SYS_TIME,CAP_SYS_RAWIO,CAP_SYSLOG "${shown[@]}" </dev/null 3>&- &
nspawn=$!

# Not sooner than it is systemd: whoever entered this process before would be in the root of the host.
leader=
while kill -0 "$nspawn" 2>/dev/null; do
  leader=$(cat "/proc/$nspawn/task/$nspawn/children" 2>/dev/null || :)
  leader=${leader%% *}
  [ -z "$leader" ] || [ "$(cat "/proc/$leader/comm" 2>/dev/null || :)" != systemd ] || break
  leader=
  sleep 0.01
done
[ -z "$leader" ] || echo "leader $leader" >&3
exec 3>&-
status=0
wait "$nspawn" || status=$?
# How it says that the guest wants to boot again; init.sh's end has another number for that.
[ "$status" != 133 ] || exit 129
exit "$status"
