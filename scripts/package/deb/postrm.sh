# The administrator's reservations in /etc/portreserve stay.
# shellcheck shell=sh

case $1 in
remove) reload ;;
purge) forget ;;
esac
