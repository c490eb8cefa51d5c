# Before the files go: nothing may name them any more, also where Node has gone already.
# shellcheck shell=sh

case $1 in
remove) before_removal ;;
esac
