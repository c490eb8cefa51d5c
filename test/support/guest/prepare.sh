#!/bin/bash
# Turns a root, seen through a private layer, into one that can be booted here, and puts the caller's files on top.
# Arguments: the root, the folder of files, and what starts by itself: what is "asked" for, or all that is "installed".
set -eu
root=$1 files=$2 services=$3

# Where only what is asked for starts; everything else that is installed can still be started by name.
kept='^(systemd-journald\.service|systemd-journal-flush\.service|systemd-tmpfiles-setup\.service|systemd-journald\.socket|systemd-journald-dev-log\.socket)$'
# What install says of AddressSanitizer is for test/install/sanitizer.test.ts.
rm -f "$root"/usr/lib/*/libasan.so.[0-9]* "$root"/usr/lib32/libasan.so.[0-9]*
for folder in "$root"/etc/systemd/system "$root"/usr/lib/systemd/system "$root"/lib/systemd/system; do
  [ "$services" = asked ] || break
  [ -d "$folder" ] || continue
  find "$folder" -mindepth 2 -maxdepth 2 -path '*.target.wants/*' -type l | while read -r link; do
    [[ ${link##*/} =~ $kept ]] || rm -f "$link"
  done
done
[ "$services" != asked ] || rm -f "$root"/etc/rc?.d/S*
# They need file systems or modules of the host's kernel, or are for whoever sits in front of it.
for unit in run-rpc_pipefs.mount proc-fs-nfsd.mount dev-hugepages.mount dev-mqueue.mount sys-kernel-config.mount \
  sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount systemd-modules-load.service; do
  ln -sfn /dev/null "$root/etc/systemd/system/$unit"
done
# They look for hardware and disks that are the host's.
mkdir -p "$root/etc/systemd/system-generators"
for generator in gpt-auto hibernate-resume cryptsetup veritysetup integritysetup getty fstab; do
  ln -sfn /dev/null "$root/etc/systemd/system-generators/systemd-$generator-generator"
done

mkdir -p "$root/etc/systemd/journald.conf.d" "$root/etc/systemd/system.conf.d"
printf '[Journal]\nStorage=persistent\nReadKMsg=no\nAudit=no\nRateLimitIntervalSec=0\n' \
  >"$root/etc/systemd/journald.conf.d/portreserve-guest.conf"
printf '[Manager]\nDefaultTimeoutStopSec=5s\nShowStatus=no\n' >"$root/etc/systemd/system.conf.d/portreserve-guest.conf"
printf 'guest\n' >"$root/etc/hostname"
rm -f "$root/etc/machine-id" "$root/etc/resolv.conf" "$root/etc/fstab"
printf '%s\n' 5051e5e72e5e4e5e8a57e57ed60e57ed >"$root/etc/machine-id"
: >"$root/etc/resolv.conf"
rm -rf "$root/var/log/journal"
mkdir -p "$root/var/log/journal"
ln -sfn /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"

# tar follows the links of folders that are there (/lib, and /usr/lib64 on some): cp would refuse them.
tar -C "$files" -cf - . | tar -C "$root" --keep-directory-symlink --no-overwrite-dir -xf -
