#!/bin/bash
# Keeps one guest: makes its layers and its cgroup, boots it again after each reboot, and removes everything when its maker
# says so or is gone. Runs in a private mount namespace; the mounts end with it.
#
# Arguments: the stage (its name is the cgroup's too), the lower layers (the upper ones first, with a colon between), the engine (unshare or nspawn), which services start
# by themselves (see prepare.sh), the overlay's xino, then folders to show read-only at their own paths.
# The end of standard input means that everything must end; SIGUSR1 asks for a power-off first. Descriptor 3: events for
# keeper.ts, one per line.
set -eu
stage=$1 lower=$2 kind=$3 services=$4 xino=$5
shift 5
name=${stage##*/}
here=${BASH_SOURCE[0]%/*}
root=$stage/mount/root
cgroup=
engine=

say() { printf '%s\n' "$*" >&3; }
alive() { kill -0 "$engine" 2>/dev/null; }

# A process that is gone still counts in its cgroup for a moment.
remove_cgroup() {
  local attempt
  for ((attempt = 0; attempt < 200; attempt++)); do
    [ -d "$cgroup" ] || return 0
    find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || :
    [ -d "$cgroup" ] || return 0
    sleep 0.02
  done
  echo "the cgroup '$cgroup' could not be removed" >&2
}

leave() {
  local status=$?
  trap - EXIT
  set +e
  if [ -n "$engine" ]; then
    kill -KILL "$engine" 2>/dev/null
    wait "$engine" 2>/dev/null
  fi
  umount "$root" 2>/dev/null
  umount "$stage/mount" 2>/dev/null
  [ -z "$cgroup" ] || remove_cgroup
  rm -rf --one-file-system "$stage"
  exit "$status"
}
trap leave EXIT
# A handler, not ignored: the guest would inherit that. The maker's death must not end the cleaning.
trap : PIPE
trap 'exit 1' TERM INT HUP

mkdir "$stage/mount"
mount -t tmpfs -o mode=755,size=1G portreserve-guest "$stage/mount"
mkdir "$stage/mount/upper" "$stage/mount/work" "$root"
mount -t overlay -o "xino=$xino,lowerdir=$lower,upperdir=$stage/mount/upper,workdir=$stage/mount/work" portreserve-guest "$root"
bash "$here/prepare.sh" "$root" "$stage/files" "$services"

cgroup2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
cgroup=$cgroup2/$name
mkdir "$cgroup"

# Kernel time, modules, raw devices and the log of the kernel belong to the host.
withheld=-sys_time,-sys_module,-sys_rawio,-mknod,-syslog,-mac_admin,-mac_override
boot() {
  if [ "$kind" = nspawn ]; then
    setpriv --pdeathsig KILL unshare --pid --mount --fork --kill-child=KILL --propagation private \
      bash "$here/nspawn.sh" "$root" "$cgroup" "$@" </dev/null &
  else
    setpriv --pdeathsig KILL --bounding-set "$withheld" --inh-caps "$withheld" \
      unshare --pid --mount --net --uts --ipc --fork --kill-child=KILL --propagation private \
      bash "$here/init.sh" "$root" "$cgroup" "$@" </dev/null &
  fi
  engine=$!
}

# The guest's first process: a child of the engine's, or of what the engine has started.
leader() {
  local process=$engine depth
  for depth in 1 2 3; do
    process=$(cat "/proc/$process/task/$process/children" 2>/dev/null || :)
    process=${process%% *}
    [ -n "$process" ] || return 0
    [ "$depth" = 3 ] || [ "$kind" = nspawn ] || break
  done
  echo "$process"
}

deadline=
power_off() {
  deadline=$((SECONDS + 15))
  # systemd's signal for poweroff.target.
  local first
  first=$(leader)
  [ -z "$first" ] || kill -s RTMIN+4 "$first" 2>/dev/null || :
}
# Only a mark: bash may leave a handler in the middle when the time of `read` is over.
wanted_off=
trap 'wanted_off=yes' USR1
folders=("$@")
boot "${folders[@]}"
while :; do
  # Nothing is ever written to it: read may lose what comes just as its time is over.
  got=0
  read -r -t 0.02 || got=$?
  [ "$got" -gt 128 ] || break
  if [ -n "$wanted_off" ]; then
    wanted_off=
    power_off
  fi
  if ! alive; then
    status=0
    wait "$engine" || status=$?
    # reboot(2) in a pid namespace ends its first process: by SIGHUP for a restart, by SIGINT for a power-off.
    if [ "$status" = 129 ] && [ -z "$deadline" ]; then
      say rebooted
      boot "${folders[@]}"
    else
      engine=
      say "ended $status"
      break
    fi
  fi
  if [ -n "$deadline" ] && [ "$SECONDS" -gt "$deadline" ]; then
    echo "the guest did not power off in 15 seconds: killed" >&2
    break
  fi
done
