# Installing the package covers nothing yet. The argument is how many versions are there.
# shellcheck shell=sh

[ "$1" -gt 1 ] || say_first_step
