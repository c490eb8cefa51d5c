// The part of the script that decides: what goes where on this host, and what is refused.

/** What the record of an archive on a host begins with. */
const MARK = "# What an archive of portreserve";

export function isExportRecord(bytes: Uint8Array): boolean {
  return Buffer.from(bytes).toString("latin1").startsWith(MARK);
}

export const SETUP_PLAN = `
row() { printf '%s\\t%s\\t%s\\n' "$1" "$2" "$3"; }

# SOURCE, PLACE and MODE of everything that goes on this host, in this order. A file of reservations that is somebody else's stays.
plan() {
  for abi in $host_abis; do
    row "files/$(probe_of "$abi")" "$home/$(probe_of "$abi")" 755
  done
  for abi in $host_abis; do
    row "files/libportreserve-$abi.so" "$(shim_of "$abi")" 644
  done
  for file in "$here"/files/owners/*; do
    [ -f "$file" ] || continue
    owner=\${file##*/}
    place=$owners/$owner
    if [ ! -e "$place" ] && [ ! -L "$place" ] || is_ours "$place"; then row "files/owners/$owner" "$place" 644; fi
  done
  row files/portreserve.table "$table" 644
  if [ -n "$holds" ]; then
    row files/portreserve.hold "$hold" 644
    row files/portreserve-hold "$home/portreserve-hold" 755
    [ ! -d "$units" ] || row files/portreserve-hold.service "$unit" 644
  fi
  row setup "$home/setup" 755
}

places() { say "$wanted" | cut -f 2; say "$record"; say "$link"; list_place; }

# Of an older archive, and no longer wanted.
obsolete() {
  recorded | grep -vxF "$(say "$wanted" | cut -f 2)" | while read -r place; do
    ! is_ours "$place" || say "$place"
  done
}

in_place() {
  [ -f "$2" ] && [ ! -L "$2" ] && cmp -s "$here/$1" "$2" && [ -n "$(find "$2" -prune -uid 0 -perm "$3")" ]
}

has_units() { say "$wanted" | grep -qF "$tab$unit$tab"; }

record_head() {
  say "${MARK} $version has put on this host, by SHA-256: 'sh $home/setup uninstall' removes it."
  for folder in $(recorded_folders; say "$wanted" | while IFS=$tab read -r _ place _; do lacking "$place"; done;
    ! has_units || lacking "$link"); do
    say "# folder $folder"
  done | sort -u
}

record_new() {
  say "$wanted" | awk -F "$tab" 'NR == FNR { sum[substr($0, 67)] = substr($0, 1, 64); next } { print sum[$1] "  " $2 }' "$here/SHA256SUMS" -
}

check_archive() {
  [ -f "$here/SHA256SUMS" ] || fail 2 "'install' is for the folder of an archive" "run 'sh FOLDER/setup install'"
  folder=$here
  while :; do
    # A folder such as /tmp, where nobody can take away what is another's, may be above.
    [ -z "$(find "$folder" -prune \\( ! -uid 0 -o -perm -020 ! -perm -1000 -o -perm -002 ! -perm -1000 \\))" ] ||
      refuse "others than root may change '$folder', and with it what every program would load" \\
        "unpack the archive as root: 'sudo tar -xzf FILE -C /root'"
    [ "$folder" != / ] || break
    folder_of "$folder"
  done
  theirs=$(find "$here" \\( ! -uid 0 -o -perm -020 -o -perm -002 -o -type l \\) | head -n 1)
  [ -z "$theirs" ] ||
    refuse "'$theirs' is not root's alone" "unpack the archive as root: 'sudo tar -xzf FILE -C /root'"
  (cd "$here" && sha256sum --quiet -c SHA256SUMS >/dev/null 2>&1) ||
    refuse "the archive is damaged: its files are not what SHA256SUMS says" "copy and unpack it again"
}

check_abis() {
  runs "$arch" || refuse "this archive is for $arch, and this host has no glibc for it: '$(loader_of "$arch")' is missing or does not run" \\
    "make one on a machine like this host"
  for abi in $all_abis; do
    runs "$abi" || continue
    case " $abis " in
      *" $abi "*) ;;
      *) refuse "this host runs $abi programs, and the archive has no shim for them: each would print an error at its start" ;;
    esac
    lib_of "$abi" >/dev/null || refuse "'$(loader_of "$abi")' does not say in which folder it looks for libraries"
  done
  theirs=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed -n 's/^glibc //p')
  [ -z "$theirs" ] || [ "$(printf '%s\\n' "$libc" "$theirs" | sort -V | head -n 1)" = "$libc" ] ||
    refuse "the shim needs glibc $libc, and this host has $theirs"
}

# What is not an archive's is never touched.
check_places() {
  while IFS=$tab read -r _ place _; do
    [ ! -e "$place" ] && [ ! -L "$place" ] || is_ours "$place" ||
      refuse "'$place' is there, and no archive has put it there" "find out who made it with 'ls -l $place', and move it away"
    [ ! -f "$place" ] || [ "$(find "$place" -prune -links 1)" ] || refuse "'$place' has more than one name"
    folder_of "$place"
    while [ ! -e "$folder" ] && [ ! -L "$folder" ]; do folder_of "$folder"; done
    [ -d "$folder" ] || refuse "'$folder' is no folder"
    [ -z "$(find -H "$folder" -prune \\( ! -uid 0 -o -perm -020 -o -perm -002 \\))" ] || refuse "others than root may change '$folder'"
  done <<END
$wanted
END
  [ ! -e "$record" ] || [ -f "$record" ] || refuse "'$record' is no file"
  if has_units; then
    [ ! -e "$link" ] && [ ! -L "$link" ] || [ "$(readlink "$link")" = "$unit" ] || refuse "'$link' leads to another unit"
    for folder in /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system; do
      [ ! -e "$folder/portreserve-hold.service" ] || refuse "'$folder/portreserve-hold.service' is a unit of somebody else's"
    done
  fi
  ! listed || [ -f "$record" ] || refuse "the preload list has the shim already, and no archive has put it there" "run 'portreservectl uninstall'"
}
`;
