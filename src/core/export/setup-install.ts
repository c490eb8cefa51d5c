// The part of the script that installs: steps after each of which a kill leaves a host that works, and a next run completes.

export const SETUP_INSTALL = `
put_all() {
  while IFS=$tab read -r source place mode; do
    case $place in
      "$home"/portreserve-probe*) [ "$1" = probes ] || continue ;;
      *) [ "$1" = others ] || continue ;;
    esac
    [ -e "$place$fresh" ] || continue
    put "$place" || fail 3 "cannot put '$place' in its place"
  done <<END
$wanted
END
}

# Whole copies of everything that is not there yet, so that a full disk is met before anything is replaced.
stage_all() {
  libraries='' staged=''
  while IFS=$tab read -r source place mode; do
    case $place in
      *.so) in_place "$source" "$place" "$mode" || libraries=changed ;;
    esac
  done <<END
$wanted
END
  while IFS=$tab read -r source place mode; do
    case $place$libraries in
      *.sochanged) ;;
      *) ! in_place "$source" "$place" "$mode" || continue ;;
    esac
    for folder in $(lacking "$place"); do make_folder "$folder" || fail 3 "cannot make '$folder'"; done
    stage "$here/$source" "$place" "$mode" && cmp -s "$here/$source" "$place$fresh" || fail 3 "cannot write '$place'"
    staged="$staged $place$fresh"
    folder_of "$place"
    folders="$folders $folder"
    case $place in
      "$unit" | "$home/portreserve-hold") touched_unit=yes ;;
      *.hold) touched_hold=yes ;;
    esac
  done <<END
$wanted
END
  # shellcheck disable=SC2086 # several names
  [ -z "$staged" ] || flush $staged
}

write_record() {
  sort -u "$work/lines" | cat "$work/head" - >"$work/record" && stage "$work/record" "$record" 644 && flush "$record$fresh" &&
    put "$record" && flush "$home" || fail 3 "cannot write '$record'"
}

take_obsolete() {
  for place in $(obsolete); do
    if [ "$place" = "$unit" ]; then
      touched_unit=yes
      ! booted || systemctl stop portreserve-hold.service </dev/null || fail 3 "cannot stop 'portreserve-hold.service'"
      keep "$link" && rm -f "$link" || fail 3 "cannot remove '$link'"
    fi
    keep "$place" && take_away "$place" || fail 3 "cannot remove '$place'"
  done
}

enable_holder() {
  has_units || return 0
  if [ "$(readlink "$link")" != "$unit" ]; then
    for folder in $(lacking "$link"); do make_folder "$folder" || fail 3 "cannot make '$folder'"; done
    rm -f "$link$fresh" && ln -s "$unit" "$link$fresh" && keep "$link" && mv -f "$link$fresh" "$link" ||
      fail 3 "cannot make the link '$link'"
  fi
}

# Before the list: what it keeps from others is kept at once.
start_holder() {
  booted || return 0
  [ -z "$touched_unit" ] || systemctl daemon-reload </dev/null || fail 3 "systemd does not read its units again"
  has_units || return 0
  undo="holder 0 -$nl$undo"
  if [ -z "$was_active" ]; then systemctl start portreserve-hold.service </dev/null
  elif [ -n "$touched_unit" ]; then systemctl restart portreserve-hold.service </dev/null
  elif [ -n "$touched_hold" ]; then systemctl reload portreserve-hold.service </dev/null
  fi || fail 3 "portreserve-hold does not start" "see 'journalctl -u portreserve-hold.service'"
}

nothing_to_do() {
  [ -f "$record" ] && [ ! -e "$work" ] && listed && [ -z "$(obsolete)" ] || return 1
  ! has_units || [ "$(readlink "$link")" = "$unit" ] || return 1
  [ "$(cat "$record")" = "$(record_head; record_new | sort -u)" ] || return 1
  while IFS=$tab read -r source place mode; do
    in_place "$source" "$place" "$mode" && [ ! -e "$place$fresh" ] || return 1
  done <<END
$wanted
END
}

kept_owners() {
  for file in "$here"/files/owners/*; do
    place=$owners/\${file##*/}
    [ ! -f "$file" ] || [ ! -e "$place" ] || cmp -s "$file" "$place" ||
      warn "'$place' was there and stays; the table has what the archive says" "compare it with '$file'"
  done
}

show_install() {
  while IFS=$tab read -r source place mode; do
    in_place "$source" "$place" "$mode" || say "would write: '$place'"
  done <<END
$wanted
END
  for place in $(obsolete); do say "would remove: '$place'"; done
  ! has_units || [ "$(readlink "$link")" = "$unit" ] || say "would enable and start: 'portreserve-hold.service'"
  listed || say "would add: '$entry' to '$list'"
  ! nothing_to_do || say 'nothing to change'
}

install_all() {
  need_root install
  no_full_installation install
  check_archive
  find_abis
  check_abis
  wanted=$(plan)
  check_places
  check_list
  kept_owners
  [ -z "$dry" ] || { show_install; exit 0; }
  take_lock
  ! booted || ! systemctl is-active --quiet portreserve-hold.service </dev/null || was_active=yes
  touched_hold=''
  if nothing_to_do; then
    guard
    start_holder
    undo=''
    say "nothing to change: portreserve $version is installed"
    exit 0
  fi
  tidy
  guard
  [ -d "$home" ] || make_folder "$home" || fail 3 "cannot make '$home'"
  mkdir -m 700 "$work" || fail 3 "cannot make '$work'"
  # What was there and what will be, so that whatever a killed run leaves is known as an archive's.
  record_head >"$work/head"
  { [ ! -f "$record" ] || grep -v '^#' "$record"; record_new; } >"$work/lines"
  write_record
  stage_all
  put_all probes
  if [ -n "$libraries" ]; then try_shims; else behave '' >"$work/without"; fi
  put_all others
  take_obsolete
  enable_holder
  # shellcheck disable=SC2086 # several names
  flush "$home" $folders
  start_holder
  if ! listed; then
    stage_list add || refuse "there is no place in '$list' that would not change what its comments and names mean" "take its comments out"
    place=$(list_place)
    folder_of "$place"
    put "$place" && flush "$folder" || fail 3 "cannot write '$list'"
  fi
  prove
  record_head >"$work/head"
  record_new >"$work/lines"
  write_record
  undo=''
  rm -rf "$work"
  [ -z "$holds" ] || booted ||
    warn "systemd does not run here, so no port is held yet" "have your init start '$home/portreserve-hold' before other services"
  say "installed: portreserve $version; programs that start from now on get none of the reserved ports"
  say "next: restart the services that run already, or reboot; 'sh $home/setup check' says how it stands"
}
`;
