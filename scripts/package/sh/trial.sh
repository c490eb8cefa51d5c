# Before the files of this version are there: its shim is tried under another name, since the package puts it where every program loads it.
# shellcheck shell=sh disable=SC2154

# What each of these says, and how it ends, with a library preloaded or with none.
behave() {
  for command in /bin/true /bin/false '/bin/cat /etc/passwd' '/bin/ls /' '/usr/bin/getent passwd root' \
    '/bin/mount --version' '/bin/su --version'; do
    [ -x "${command%% *}" ] || continue
    echo "$command:"
    # shellcheck disable=SC2086 # a command and its arguments
    env -i ${1:+"LD_PRELOAD=$1"} $command 2>&1 || echo "status $?"
  done
}

# The probe of the version that is there says from which file a program's functions come.
covers() {
  probe=/usr/lib/portreserve/prebuilds/linux-@NODE_ARCH@/$2
  [ -e "$1" ] || return 0
  env -i "$probe" --which >/dev/null 2>&1 || return 0
  said=$(env -i "LD_PRELOAD=$1" "$probe" --which 2>&1) || return 1
  [ -n "$said" ] && ! echo "$said" | grep -qvF "\"object\":\"$1\"}"
}

try_shims() (
  # Not below /tmp, from which a host may forbid to run anything.
  folder=$(mktemp -d /usr/lib/portreserve/trial.XXXXXX) || exit 1
  trap 'rm -rf "$folder"' EXIT
  chmod 755 "$folder"
  shims "$folder"
  behave '' >"$folder/without"
  behave "$folder/libportreserve.so" >"$folder/with"
  cmp -s "$folder/without" "$folder/with" &&
    covers "$folder/libportreserve.so" portreserve-probe &&
    covers "$folder/libportreserve-i386.so" portreserve-probe-i386
)

# Fails where this version must not be unpacked.
before_files() {
  mark=/usr/lib/portreserve/package.json
  if [ -e "$mark" ] && ! grep -q '"packagedBy"' "$mark"; then
    echo "portreservectl: error: portreserve is installed here without a package; nothing was changed" >&2
    echo "hint: run 'node ${mark%/*}/dist/portreservectl.mjs uninstall' and 'npm uninstall --global portreserve', install this package, then run '/usr/bin/portreservectl install'" >&2
    return 1
  fi
  if [ -e /usr/lib/portreserve/exported ]; then
    echo "portreservectl: error: an archive of 'portreservectl export' is installed here; nothing was changed" >&2
    echo "hint: run 'sh /usr/lib/portreserve/setup uninstall', install this package, then run '/usr/bin/portreservectl install'" >&2
    return 1
  fi
  case $(readlink /usr/bin/portreservectl) in
  */node_modules/*)
    echo "portreservectl: error: npm's '/usr/bin/portreservectl' is in the way, and this package's would go with it; nothing was changed" >&2
    echo "hint: run 'npm uninstall --global portreserve', then install this package" >&2
    return 1
    ;;
  esac
  if [ -e "$mark" ] && listed && ! try_shims; then
    echo "portreservectl: error: programs behave in another way with this version's shim; nothing was changed" >&2
    return 1
  fi
}
