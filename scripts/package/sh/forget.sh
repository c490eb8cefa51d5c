# After the files have gone: what the manager leaves between its runs, and what nobody reads any more.
# shellcheck shell=sh

# The administrator's reservations stay.
forget() {
  rm -f /etc/portreserve.table /etc/portreserve.hold /run/portreserve.lock /run/portreserve.seen /run/portreserve.code
  rmdir --ignore-fail-on-non-empty /etc/portreserve 2>/dev/null || :
}

reload() {
  ! booted || systemctl --system daemon-reload || :
}
