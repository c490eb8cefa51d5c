# Before the files go for good: nothing may name them any more, also where Node has gone already.
# shellcheck shell=sh

[ "$1" -gt 0 ] || before_removal
