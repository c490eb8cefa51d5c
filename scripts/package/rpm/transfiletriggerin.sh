# Another package has brought reservations, or has gone with them.
# shellcheck shell=sh

compile_unbooted
