#!/bin/sh
# Tells in one JSON document what of portreserve is on this host, and what portreservectl says of reservations before they
# are in force. Changes nothing. Its argument is the first line of the files that the role has written; standard input has
# the lines that are wanted, each behind the name of its file.
set -eu
mark=$1
folder=/etc/portreserve
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

json_list() {
  between=
  printf '['
  for item; do
    printf '%s"%s"' "$between" "$(printf '%s' "$item" | sed 's/[\\"]/\\&/g')"
    between=,
  done
  printf ']'
}

is_ours() {
  head -n 1 "$1" 2>/dev/null | grep -qxF "$mark"
}

# Those of mechanisms, which go with them.
is_managers() {
  head -n 1 "$1" 2>/dev/null | grep -q "^# Written by 'portreservectl "
}

mkdir -p "$stage/run" "$stage/wanted"
while read -r name line; do
  [ -z "$name" ] || printf '%s\n' "$line" >>"$stage/wanted/$name"
done

# The host's configuration as it would be.
mkdir -p "$stage/etc/portreserve" "$stage/usr/etc"
for file in /etc/services /usr/etc/services /etc/bindresvport.blacklist; do
  [ ! -f "$file" ] || cp "$file" "$stage$file"
done
set --
others=0
for file in "$folder"/* "$folder"/.[!.]*; do
  name=${file##*/}
  if is_ours "$file"; then
    [ -e "$stage/wanted/$name" ] || set -- "$@" "$name"
  elif [ -e "$file" ] || [ -L "$file" ]; then
    is_managers "$file" || others=$((others + 1))
    [ ! -f "$file" ] || cp "$file" "$stage/etc/portreserve/"
  fi
done
written=$(json_list "$@")
cp -R "$stage/wanted/." "$stage/etc/portreserve/"

# shellcheck disable=SC2016,SC2020 # the loader puts something in the place of $LIB; blanks and colons are separators
listed=$(if tr ' \t:' '\n\n\n' </etc/ld.so.preload 2>/dev/null | grep -qxF '/usr/$LIB/portreserve/libportreserve.so'; then
  echo true
else
  echo false
fi)

set --
for file in /etc/systemd/system/*.d/50-portreserve.conf; do
  unit=${file%.d/*}
  ! grep -qF /libportreserve.so "$file" 2>/dev/null || set -- "$@" "${unit##*/}"
done
drop_ins=$(json_list "$@")

# 0 and 1 are answers.
ask() {
  portreservectl "$@" --root "$stage" --json || [ $? = 1 ]
}

manager=null check=null list=null
if command -v portreservectl >/dev/null; then
  manager="\"$(command -v portreservectl)\""
  check=$(ask check)
  # Who holds and blocks what.
  ! cat "$stage"/wanted/* 2>/dev/null | grep -qiE '[[:blank:]](hold|block)' || list=$(ask list)
fi
package=$(if dpkg-query -W -f '${db:Status-Status}' portreservectl 2>/dev/null | grep -qvx not-installed; then
  echo true
else
  echo false
fi)

cat <<END
{"manager": $manager, "package": $package, "listed": $listed, "dropIns": $drop_ins, "written": $written, "others": $others,
"check": $check, "list": $list}
END
