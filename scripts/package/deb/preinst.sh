# Refuses to unpack over an installation without a package, and a shim with which programs behave in another way.
# shellcheck shell=sh

case $1 in
install | upgrade) before_files ;;
esac
