#!/bin/sh
# Runs a script in a root that is not this machine's, without a network or anything of the project. Runs in fresh mount,
# pid, network, host name and ipc namespaces; all that it changes is in memory and gone with it.
# Arguments: the layers of the root, the upper ones first, with a colon between (none is written), an empty folder to mount
# on, how much may be written, for mount(8), the script, then pairs of a host's file or folder and where it is seen in the
# root, read-only.
set -eu
lower=$1 layer=$2 size=$3 script=$4
shift 4

mount -t tmpfs -o "mode=755,size=$size" layer "$layer"
mkdir "$layer/upper" "$layer/work" "$layer/root"
mount -t overlay -o "lowerdir=$lower,upperdir=$layer/upper,workdir=$layer/work" root "$layer/root"
cd "$layer/root"
while [ $# -ge 2 ]; do
    if [ -d "$1" ]; then mkdir -p ".$2"; else mkdir -p ".${2%/*}" && : >".$2"; fi
    mount --bind "$1" ".$2"
    mount -o remount,bind,ro ".$2"
    shift 2
done
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t sysfs -o ro,nosuid,nodev,noexec sys sys
mount -t tmpfs -o mode=1777,nosuid,nodev tmp tmp
mount -t tmpfs -o mode=755,nosuid,nodev run run
mount -t tmpfs -o mode=755,nosuid dev dev
for node in null zero full random urandom tty; do
    : >"dev/$node"
    mount --bind "/dev/$node" "dev/$node"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666,mode=620,nosuid,noexec pts dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev shm dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for stream in in:0 out:1 err:2; do ln -s "/proc/self/fd/${stream#*:}" "dev/std${stream%:*}"; done
# Both names are the same folder: the old root lands on top of the new one, and goes.
pivot_root . .
umount -l .
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    sh -c "$script"
