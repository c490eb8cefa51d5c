#!/bin/bash
# The first process of a guest until systemd takes its place. Runs in fresh pid, mount, network, host name and ipc namespaces.
# Arguments: the root, the guest's cgroup, then folders to show read-only at their own paths.
set -eu
root=$1 cgroup=$2
shift 2

if [ "$cgroup" != entered ]; then
  # 0 is the writer itself. The cgroup namespace must be made from inside it, and by nobody who stays behind in the host.
  echo 0 >"$cgroup/cgroup.procs"
  exec unshare --cgroup bash "${BASH_SOURCE[0]}" "$root" entered "$@"
fi

# /proc is still the host's here, so this is the number by which the host knows this process.
read -r host_pid _ </proc/self/stat

ip link set lo up
hostname guest
cd "$root"
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs run
mount -t proc -o nosuid,nodev,noexec proc proc
# The kernel's settings are the host's; those of the network are this namespace's own.
mount --bind proc/sys proc/sys
mount --bind proc/sys/net proc/sys/net
# Each boot is a boot of its own to the journal.
cat proc/sys/kernel/random/uuid >run/boot-id
mount --bind run/boot-id proc/sys/kernel/random/boot_id
rm run/boot-id
mount -o remount,bind,ro proc/sys
for file in proc/sysrq-trigger proc/kcore; do
  [ ! -e "$file" ] || mount --bind /dev/null "$file"
done
mount -t sysfs -o nosuid,nodev,noexec,ro sysfs sys
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755,nosuid tmpfs dev
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs tmp
for node in null zero full random urandom tty; do
  : >"dev/$node"
  mount --bind "/dev/$node" "dev/$node"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr
: >dev/console
for folder in "$@"; do
  mkdir -p ".$folder"
  mount --bind "$folder" ".$folder"
  mount -o remount,bind,ro ".$folder"
done
# Both names are the same folder: the old root lands on top of the new one, and goes.
pivot_root . .
umount -l .
# Not sooner: whoever entered this process before would be in the root of the host.
echo "leader $host_pid" >&3
exec 3>&-
exec env -i container=portreserve-guest PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system
