// The part of the script that changes files: each by rename, with a memory of how it was until all is done.

export const SETUP_APPLY = `
count=0
folders=''
undo=''
was_active=''
touched_unit=''

# Where SELinux labels files: as one that every program may read, or load.
label() {
  [ -e /sys/fs/selinux/enforce ] || return 0
  case $1 in
    *.so$fresh) like=\${1%/*/*}/libc.so.6 ;;
    "$table$fresh" | "$list$fresh") like=/etc/ld.so.cache ;;
    *) like='' ;;
  esac
  [ -z "$like" ] || ! command -v chcon >/dev/null || chcon --reference="$like" "$1" || :
}

# What has no label of its own gets that of its place.
relabel() {
  [ -e /sys/fs/selinux/enforce ] || return 0
  case $1 in
    "$table" | "$list" | *.so) ;;
    *) ! command -v restorecon >/dev/null || restorecon "$1" || : ;;
  esac
}

# SOURCE PLACE MODE: a copy beside its place. To be flushed before it takes its place.
stage() {
  install -o 0 -g 0 -m "$3" "$1" "$2$fresh" || return 1
  label "$2$fresh"
}

# How a place is now, so that roll_back can give it back.
keep() {
  count=$((count + 1))
  if [ -e "$1" ] || [ -L "$1" ]; then
    cp -a "$1" "$work/$count" || return 1
    undo="changed $count $1$nl$undo"
  else
    undo="new $count $1$nl$undo"
  fi
}

# Programs that have the table mapped look for another one once it has this mark, which is written by one call.
retire() {
  [ -f "$table" ] || return 0
  printf '%b' "$retired" |
    dd of="$table" bs=24 count=1 seek=4072 iflag=fullblock oflag=seek_bytes conv=notrunc,fsync 2>/dev/null
}

# The staged copy takes its place. Its folder is still to be flushed.
put() {
  keep "$1" || return 1
  [ "$1" != "$table" ] || retire || return 1
  mv -f "$1$fresh" "$1" || return 1
  relabel "$1"
}

take_away() {
  [ "$1" != "$table" ] || retire || return 1
  rm -f "$1"
}

make_folder() {
  undo="folder 0 $1$nl$undo"
  mkdir -m 755 "$1"
}

# The folders that a place lacks, the outermost first.
lacking() {
  folder_of "$1"
  all=''
  while [ ! -d "$folder" ]; do
    all="$folder$nl$all"
    folder_of "$folder"
  done
  printf '%s' "$all"
}

# Backwards through what was done. The list was written last, so it is given back first.
roll_back() {
  trap '' HUP INT TERM
  set +e
  while read -r kind number place; do
    case $kind in
      new) take_away "$place" || warn "'$place' could not be removed again" ;;
      changed)
        [ "$place" != "$table" ] || retire
        rm -f "$place$fresh"
        cp -a "$work/$number" "$place$fresh" && flush "$place$fresh" && mv -f "$place$fresh" "$place" ||
          warn "'$place' could not be given back: it is kept as '$work/$number'"
        ;;
      holder)
        # Before its files: nothing is left that runs and should not.
        [ -n "$was_active" ] || systemctl stop portreserve-hold.service 2>/dev/null </dev/null
        ;;
    esac
  done <<END
$undo
END
  for place in $(places); do rm -f "$place$fresh"; done
  while read -r kind number place; do
    [ "$kind" != folder ] || [ "$place" = "$home" ] || rmdir "$place" 2>/dev/null
  done <<END
$undo
END
  if [ -n "$touched_unit" ] && booted; then
    systemctl daemon-reload </dev/null
    [ -z "$was_active" ] || systemctl restart portreserve-hold.service </dev/null
  fi
  # shellcheck disable=SC2086 # several names
  flush / $folders
  rm -rf "$work"
  case $undo in *"folder 0 $home$nl"*) rmdir "$home" 2>/dev/null ;; esac
  undo=''
  say 'setup: everything was taken back' >&2
}

# At the end of a run that did not come to its own: exit by fail, or a signal.
ending() {
  status=$?
  trap - EXIT
  [ -z "$undo" ] && [ ! -d "$work" ] || roll_back
  exit "$status"
}

guard() {
  trap ending EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# What a killed run has left beside places, and its copies.
tidy() {
  for place in $(places) $(recorded); do rm -f "$place$fresh"; done
  [ ! -d "$work" ] || rm -rf "$work"
}

# The list with, or without, the shim, staged beside it. Exit 9: nothing is left in it.
stage_list() {
  place=$(list_place)
  rm -f "$place$fresh"
  if [ ! -e "$place" ]; then
    [ "$1" = add ] || return 9
    say "$entry" >"$place$fresh" && chmod 644 "$place$fresh" || return 1
    [ ! -e /sys/fs/selinux/enforce ] || ! command -v chcon >/dev/null ||
      chcon --reference=/etc/ld.so.cache "$place$fresh" || :
  else
    cp -a "$place" "$place$fresh" || return 1
    list_text "$1" "$place" >"$place$fresh" || return $?
  fi
  flush "$place$fresh"
}
`;
