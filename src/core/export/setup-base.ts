// The first part of the script of an archive: its places, its words, and what it asks the host. POSIX sh.

/** After the facts of the archive (setup-text.ts). In these texts a backslash is written twice, and one stands before a brace. */
export const SETUP_BASE = `
set -u
umask 022
here=$(cd "$(dirname "$0")" && pwd -P) || exit 3
cd / || exit 3

record=$home/exported
work=$home/.undo
unit=$units/portreserve-hold.service
link=$units/sysinit.target.wants/portreserve-hold.service
# What a file is called until it is whole.
fresh=.portreserve-new
tab=$(printf '\\t')
nl='
'

say() { printf '%s\\n' "$*"; }

warn() {
  printf 'setup: warning: %s\\n' "$1" >&2
  [ $# -lt 2 ] || printf 'hint: %s\\n' "$2" >&2
}

# STATUS MESSAGE [HINT]
fail() {
  printf 'setup: error: %s\\n' "$2" >&2
  [ $# -lt 3 ] || printf 'hint: %s\\n' "$3" >&2
  exit "$1"
}

refuse() { fail 5 "$@"; }

flush() { sync "$@" 2>/dev/null || sync; }

# Sets folder to the one that a place is in.
folder_of() {
  folder=\${1%/*}
  [ -n "$folder" ] || folder=/
}

booted() { [ -d /run/systemd/system ]; }

# NAME LINES: what the line of that name says.
of_name() {
  while read -r name rest; do
    [ "$name" != "$1" ] || say "$rest"
  done <<END
$2
END
}

loader_of() { of_name "$1" "$loaders"; }

shim_of() { of_name "$1" "$shims"; }

# Whether this host has and can start programs of an ABI: its loader is one.
runs() {
  loader=$(readlink -f "$(loader_of "$1")") && [ -f "$loader" ] || return 1
  "$loader" --list-diagnostics >/dev/null 2>&1 ||
    "$loader" --verify "\${loader%/*}/libc.so.6" >/dev/null 2>&1
}

# What the loader of an ABI puts in the place of $LIB: glibc 2.33 and newer say it, older ones have the name of their folder in them.
lib_of() {
  loader=$(readlink -f "$(loader_of "$1")") || return 1
  told=$("$loader" --list-diagnostics 2>/dev/null | sed -n 's/^dl_dst_lib="\\([^"]*\\)"$/\\1/p')
  if [ -z "$told" ]; then
    told=\${loader%/*}
    told=\${told#/}
    told=\${told#usr/}
    grep -qaF "$told" "$loader" || return 1
  fi
  say "$told"
}

# Sets host_abis, those of the archive that this host has, and shims, a line for each with the place of its shim.
find_abis() {
  host_abis='' shims=''
  for abi in $abis; do
    if runs "$abi" && lib=$(lib_of "$abi"); then
      host_abis="$host_abis $abi"
      shims="$shims$abi /usr/$lib/portreserve/libportreserve.so$nl"
    fi
  done
}

probe_of() {
  case $1 in
    i386) say portreserve-probe-i386 ;;
    *) say portreserve-probe ;;
  esac
}

# A table counts as if it were in force: one whose replacement was cut short is marked as retired.
sum_of() {
  if [ "$1" = "$table" ] && [ "$(wc -c <"$1")" -eq 4096 ]; then
    sum=$({ head -c 4072 "$1"; printf '%b' "$in_force"; } | sha256sum)
  else
    sum=$(sha256sum <"$1")
  fi
  say "\${sum%% *}"
}

recorded() { [ -f "$record" ] && sed -n 's/^[0-9a-f]\\{64\\}  //p' "$record" | sort -u; }

recorded_folders() { [ -f "$record" ] && sed -n 's/^# folder //p' "$record" | sort -u; }

# Whether a file is as an archive has put it there.
is_ours() {
  [ -f "$1" ] && [ ! -L "$1" ] && [ -f "$record" ] && grep -qxF "$(sum_of "$1")  $1" "$record"
}

# Where the list is: a link is followed.
list_place() { readlink -f "$list" || say "$list"; }

need_root() {
  [ "$(id -u)" -eq 0 ] || fail 4 "'$1' needs root" "run 'sudo sh $here/setup $1'"
  for tool in awk cmp dd find flock readlink sha256sum sync timeout; do
    command -v "$tool" >/dev/null || fail 3 "'$tool' is missing on this host" "install it, and run this again"
  done
}

# One at a time, and none beside a portreservectl.
take_lock() {
  (umask 077 && : >>"$lock") && exec 9>>"$lock" && flock 9 || fail 3 "cannot lock '$lock'"
}

no_full_installation() {
  [ ! -e "$home/package.json" ] ||
    refuse "portreserve is installed here with its manager, which sees to all of this" "run 'portreservectl $1'"
}
`;
