#!/bin/busybox sh
# shellcheck shell=dash
# The first process of a machine: loads what the root's disk needs, mounts it, and hands over to systemd.
/bin/busybox mkdir -p /proc /sys /dev /root
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
# In the order in which they need each other.
for module in $(/bin/busybox cat /modules); do /bin/busybox insmod "/lib/$module"; done
until [ -b /dev/vda ]; do /bin/busybox sleep 0.1; done
/bin/busybox mount -t ext4 /dev/vda /root
/bin/busybox umount /sys
/bin/busybox umount /proc
/bin/busybox mount --move /dev /root/dev
exec /bin/busybox switch_root /root /sbin/init
