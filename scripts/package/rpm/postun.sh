# rpm knows no second step of a removal: all but the administrator's reservations goes now.
# shellcheck shell=sh

if [ "$1" -eq 0 ]; then
  forget
  reload
fi
