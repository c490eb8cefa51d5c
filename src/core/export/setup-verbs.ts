// The last part of the script: what takes away and what looks, and which of its words does what.

export const SETUP_VERBS = `
uninstall_all() {
  need_root uninstall
  no_full_installation uninstall
  wanted=''
  if [ ! -f "$record" ]; then
    # An install that was killed before it put anything has left no more than this.
    [ -n "$dry" ] || [ ! -d "$home" ] || { take_lock && tidy && rmdir "$home" 2>/dev/null; } || :
    say 'nothing to do: there is nothing of an archive on this host'
    exit 0
  fi
  if [ -n "$dry" ]; then
    ! listed || say "would take '$entry' out of '$list'"
    for place in $(recorded) "$record"; do say "would remove: '$place'"; done
    exit 0
  fi
  take_lock
  tidy
  again="run 'sh $home/setup uninstall' again"
  # First: nothing may name a library that goes.
  if listed; then
    place=$(list_place)
    stage_list remove
    case $? in
      0) mv -f "$place$fresh" "$place" ;;
      9) rm -f "$place$fresh" "$place" ;;
      *) false ;;
    esac && flush "\${place%/*}" && ! listed || fail 3 "cannot take the shim out of '$list'" "$again"
  fi
  if is_ours "$unit"; then
    ! booted || systemctl stop portreserve-hold.service </dev/null || fail 3 "cannot stop 'portreserve-hold.service'" "$again"
    [ "$(readlink "$link")" != "$unit" ] || rm -f "$link"
  fi
  changed=''
  for place in $(recorded); do
    [ "$place" != "$home/setup" ] || continue
    if is_ours "$place"; then take_away "$place" || fail 3 "cannot remove '$place'" "$again"
    elif [ -e "$place" ]; then
      changed=yes
      warn "'$place' was changed, and stays"
    fi
  done
  ! booted || systemctl daemon-reload </dev/null || :
  for folder in $(recorded_folders | sort -r); do
    [ "$folder" = "$home" ] || rmdir "$folder" 2>/dev/null || :
  done
  rm -f "$home/setup"
  flush "$home"
  rm -f "$record"
  rmdir "$home" 2>/dev/null || :
  say 'uninstalled: programs that run keep the shim until they are started again, without a table'
  [ -z "$changed" ] || exit 1
}

bad() {
  failed=yes
  say "$1"
}

check_all() {
  [ -f "$record" ] || { say 'not installed: there is nothing of an archive on this host'; exit 1; }
  [ "$here" = "$home" ] || [ ! -f "$home/setup" ] || exec sh "$home/setup" check
  failed=''
  find_abis
  say "portreserve $version, from an archive"
  for place in $(recorded); do
    if [ ! -e "$place" ]; then bad "file: '$place' is missing"
    elif ! is_ours "$place"; then bad "file: '$place' was changed"
    fi
  done
  if [ ! -f "$table" ]; then bad 'table: missing, so nothing is reserved'
  elif ! is_ours "$table"; then bad 'table: not that of the archive'
  else say "table: valid, $(say "$tcp" | wc -w) tcp and $(say "$udp" | wc -w) udp ports"
  fi
  if listed; then say "list: '$list' names the shim"; else bad "list: '$list' does not name the shim"; fi
  theft=$(stolen)
  if ! covers '' ''; then bad 'programs: not covered'
  elif [ -n "$theft" ]; then bad "programs: $theft"
  else say 'programs: what starts now is covered'
  fi
  if [ -n "$holds" ]; then
    if ! booted; then say 'held: systemd does not run here'
    elif ! systemctl is-active --quiet portreserve-hold.service; then bad 'held: portreserve-hold does not run'
    elif grep -q '"refused"' /run/portreserve/hold.json 2>/dev/null; then bad 'held: some ports are taken by others'
    else say 'held: portreserve-hold runs'
    fi
  fi
  [ -z "$failed" ] || {
    say "hint: run 'sh setup install' of the archive again"
    exit 1
  }
}

dry=''
case $#-$* in
  2-install\\ --dry-run | 2-uninstall\\ --dry-run) dry=yes ;;
  1-install | 1-uninstall | 1-check) ;;
  *)
    say 'usage: sh setup install [--dry-run] | check | uninstall [--dry-run]' >&2
    exit 2
    ;;
esac
case $1 in
  install) install_all ;;
  uninstall) uninstall_all ;;
  check) check_all ;;
esac
exit 0
`;
