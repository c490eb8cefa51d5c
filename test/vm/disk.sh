#!/bin/sh
# Makes the disk of a machine: a Debian root with kernels, node and the agent in it, and beside it the kernels and what they boot with.
# Arguments: the folder to fill, the release, node, the kernels' packages, the others (with commas), apt's sources.
# In the folder afterwards: root.img, vmlinuz-KERNEL and initrd-KERNEL for each kernel, packages; and for the kernel "cloud",
# where the root has the generators, initramfs-tools and dracut: what they make of it.
set -eu
out=$1 suite=$2 node=$3 kernels=$4 packages=$5 sources=$6
here=$(dirname "$(readlink -f "$0")")
root=$out/root

# A kernel's package wants a generator of initrds, which takes longer than all else: it is unpacked, not installed.
# shellcheck disable=SC2016 # mmdebstrap's shell has these.
fetch='cd "$1/var/tmp" && export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
for kernel in $kernels; do
    apt-get download $(apt-cache depends "$kernel" | sed -n "s/.*Depends: \(linux-image-[0-9].*\)/\1/p")
done'
export kernels
printf '%s\n' "$sources" | mmdebstrap --quiet --variant=minbase --mode=root --include="$packages" --customize-hook="$fetch" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt=force-unsafe-io \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Check-Valid-Until "false"' --skip=cleanup/tmp \
    "$suite" "$root" - >&2

: >"$out/packages"
for package in "$root"/var/tmp/linux-image-*.deb; do
    dpkg-deb --show "$package" >>"$out/packages"
    dpkg-deb --extract "$package" "$out/kernel"
    # Since Debian 13 they are below /usr.
    modules=$out/kernel/lib/modules
    [ -d "$modules" ] || modules=$out/kernel/usr/lib/modules
    version=$(ls "$modules")
    case $version in *cloud*) name=cloud ;; *) name=generic ;; esac
    mv "$out/kernel/boot/vmlinuz-$version" "$out/vmlinuz-$name"
    mv "$out/kernel/boot/config-$version" "$root/boot/"
    [ "$name" != cloud ] || cloud=$version
    mkdir -p "$root/lib/modules"
    mv "$modules/$version" "$root/lib/modules/"
    rm -r "$out/kernel" "$package"
    depmod -b "$root" "$version"

    mkdir -p "$out/initrd/bin" "$out/initrd/lib"
    cp "$(command -v busybox)" "$out/initrd/bin/busybox"
    install -m 755 "$here/init.sh" "$out/initrd/init"
    for module in virtio_pci virtio_blk crc32c ext4; do
        modprobe -d "$root" -S "$version" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
    done | while read -r file; do
        # Since Debian 13 they are compressed, and its kernel does not undo that for insmod.
        plain=$(basename "$file" .xz)
        [ -e "$out/initrd/lib/$plain" ] || echo "$plain"
        case $file in *.xz) busybox unxz -c "$file" ;; *) cat "$file" ;; esac >"$out/initrd/lib/$plain"
    done >"$out/modules.list"
    mv "$out/modules.list" "$out/initrd/modules"
    (cd "$out/initrd" && find . | cpio --quiet -o -H newc -R 0:0 | gzip -1) >"$out/initrd-$name"
    rm -r "$out/initrd"
done
chroot "$root" dpkg-query -W >>"$out/packages"

install -m 755 "$node" "$root/usr/bin/node"
install -m 644 "$here/agent.sh" "$root/usr/local/sbin/agent.sh"
install -m 644 "$here/agent.service" "$root/etc/systemd/system/agent.service"
units=$root/etc/systemd/system
mkdir -p "$units/multi-user.target.wants"
ln -s ../agent.service "$units/multi-user.target.wants/agent.service"
for unit in getty@tty1.service serial-getty@ttyS0.service e2scrub_reap.service e2scrub_all.timer apt-daily.timer \
    apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer systemd-timesyncd.service; do
    ln -sf /dev/null "$units/$unit"
done
echo machine >"$root/etc/hostname"
echo '127.0.0.1 localhost machine' >"$root/etc/hosts"
# "uninitialized" would make it the first boot, at which systemd enables whatever is installed.
echo 6d616368696e65206f66206120746573 >"$root/etc/machine-id"
# Each service is started by the test that is about it.
for unit in ypserv ypbind yppasswdd ypxfrd rpc-statd nfs-server cups rpcbind auditd; do
    [ ! -e "$root/lib/systemd/system/$unit.service" ] || systemctl --root "$root" --quiet disable "$unit.service" 2>&1 >&2 || :
done

echo '/dev/vda / ext4 errors=remount-ro 0 1' >"$root/etc/fstab"

inside() {
    # shellcheck disable=SC2016 # The inner shell has these.
    unshare --mount --propagation private sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$root" "$@" >&2
}
[ ! -e "$root/usr/sbin/mkinitramfs" ] || inside mkinitramfs -o /var/tmp/initramfs-tools "$cloud"
# As for any host, since this one's devices are not those of the machine.
[ ! -e "$root/usr/bin/dracut" ] || inside dracut --quiet --no-hostonly /var/tmp/dracut "$cloud"
find "$root/var/tmp" -type f -exec mv '{}' "$out/" ';'

# The labels are files' attributes, which a kernel without SELinux stores too.
contexts=/etc/selinux/default/contexts/files/file_contexts
[ ! -e "$root$contexts" ] || inside setfiles -F -e /proc -e /sys -e /dev "$contexts" /

truncate -s 4G "$out/root.img"
mke2fs -q -t ext4 -O ^has_journal -d "$root" "$out/root.img"
rm -r "$root"
