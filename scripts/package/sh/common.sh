# What several of the package's scripts need, without Node: it is put into each of them. Nothing here fails a script.
# shellcheck shell=sh disable=SC2016,SC2020,SC2034
list=/etc/ld.so.preload
entry='/usr/$LIB/portreserve/libportreserve.so'
units=/etc/systemd/system
node=/usr/bin/node

# Whether the preload list names the shim. ld.so takes blanks and colons for separators.
listed() {
  [ -r "$list" ] && tr ' \t:' '\n\n\n' <"$list" | grep -qxF "$entry"
}

enabled() {
  [ -L "$units/multi-user.target.wants/portreserve.service" ]
}

booted() {
  [ -d /run/systemd/system ]
}

# The package's own, whatever a PATH has before it, on the Node that its first line names.
manager() {
  [ -x "$node" ] && [ -x /usr/lib/portreserve/dist/portreservectl.mjs ] &&
    /usr/lib/portreserve/dist/portreservectl.mjs "$@"
}
