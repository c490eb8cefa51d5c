# Installing the package covers nothing yet. An upgrade goes on with what is in force.
# shellcheck shell=sh

case $1 in
configure)
  go_on
  [ -n "$2" ] || say_first_step
  ;;
triggered) compile_unbooted ;;
esac
