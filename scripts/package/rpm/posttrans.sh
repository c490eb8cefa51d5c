# Everything of an upgrade is in its place, and what is in force goes on.
# shellcheck shell=sh

go_on
