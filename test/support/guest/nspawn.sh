#!/bin/bash
# Boots a guest by systemd-nspawn, as init.sh does by itself. Runs in fresh mount and pid namespaces, so that the guest dies
# with it also where it is killed; ends as the guest does.
# Arguments: the root, the guest's cgroup, then folders to show read-only at their own paths.
set -eu
root=$1 cgroup=$2
shift 2

# nspawn takes the cgroup it is in for the guest's, and expects version 2 alone.
echo 0 >"$cgroup/cgroup.procs"
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# It notes its guests there: the host's folder stays as it is.
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs /run
# /proc is still the host's here, which goes on telling by what numbers the host knows processes.
read -r host_pid _ </proc/self/stat
exec 4</proc
mount -t proc -o nosuid,nodev,noexec proc /proc
child_of() {
  local children
  children=$(cat "/proc/self/fd/4/$1/task/$1/children" 2>/dev/null || :)
  echo "${children%% *}"
}

shown=()
for folder in "$@"; do shown+=("--bind-ro=$folder"); done
systemd-nspawn --quiet --boot --directory="$root" --machine=guest --register=no --keep-unit \
  --private-network --console=pipe --resolv-conf=off --timezone=off --link-journal=no --settings=no \
  --drop-capability=CAP_MKNOD,CAP_SYS_TIME,CAP_SYS_RAWIO,CAP_SYSLOG "${shown[@]}" </dev/null 3>&- 4>&- &
nspawn=$!
host_nspawn=$(child_of "$host_pid")

# Not sooner than it is systemd: whoever entered this process before would be in the root of the host.
leader=
while kill -0 "$nspawn" 2>/dev/null; do
  leader=$(child_of "$host_nspawn")
  [ -z "$leader" ] || [ "$(cat "/proc/self/fd/4/$leader/comm" 2>/dev/null || :)" != systemd ] || break
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
