# What the manager leaves between its runs. The administrator's reservations in /etc/portreserve stay.
# shellcheck shell=sh disable=SC2154

case $1 in
remove)
  ! booted || systemctl --system daemon-reload || :
  ;;
purge)
  rm -f /etc/portreserve.table /etc/portreserve.hold /run/portreserve.lock /run/portreserve.seen /run/portreserve.code
  rmdir --ignore-fail-on-non-empty /etc/portreserve 2>/dev/null || :
  ;;
esac
