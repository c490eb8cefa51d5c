#!/bin/sh
# Makes a folder of the cache once, also where several ask for it at the same time: whole, or not at all.
# Arguments: the folder, then a command that fills the folder named by $FRESH.
set -eu
folder=$1
shift

mkdir -p "${folder%/*}"
exec 9>"$folder.lock"
flock 9
if [ -d "$folder" ]; then exit 0; fi
export FRESH="$folder.fresh"
# What a killed run has left.
rm -rf --one-file-system "$FRESH"
install -d -m 755 "$FRESH"
status=0
"$@" 9>&- || status=$?
if [ "$status" = 0 ]; then mv "$FRESH" "$folder"; fi
rm -rf --one-file-system "$FRESH"
exit "$status"
