// The shell program that turns fresh namespaces into a sandbox: private /etc, private folders, loopback, then the caller's script.

/** What the setup says on descriptor 3, once, when everything before the caller's script has worked. */
export const READY = "ready";

/**
 * Arguments: the staging folder, the program that brings the loopback up, `overlay` or `copy`, what cp preserves,
 * the number of overlaid folders, these folders, the number of empty folders, these folders, and then the caller's own arguments.
 * The staging folder holds `etc/` (files for the private /etc), `script`, and `scratch/` (where the tmpfs goes).
 * Files are put into the upper layer before it is mounted: an unprivileged user's root may not change a file or folder
 * of the host's root through an overlay, but may hide it with one of its own.
 * A folder that is missing is an error: making it would be a write to the host.
 */
export const SETUP = `set -eu
stage=$1 loopback=$2 layer=$3 keep=$4
shift 4
SCRATCH=$stage/scratch
mount -t tmpfs -o mode=755 portreserve-sandbox "$SCRATCH"
serial=0
# Private, writable view of the folder $1, with the files of $2 (if any) on top.
cover() {
  serial=$((serial + 1))
  layers=$SCRATCH/.layers/$serial
  mkdir -p "$layers/upper" "$layers/work"
  chmod --reference="$1" "$layers/upper"
  chown --reference="$1" "$layers/upper" 2>/dev/null || :
  if [ -n "$2" ]; then cp -R --preserve=mode "$2/." "$layers/upper/"; chmod --reference="$1" "$layers/upper"; fi
  if [ "$layer" = overlay ]; then
    # userxattr: an unprivileged overlay may not use trusted.* attributes; kernels before 5.11 know neither.
    for extra in "" ,userxattr; do
      mount -t overlay -o "lowerdir=$1,upperdir=$layers/upper,workdir=$layers/work$extra" overlay "$1" 2>/dev/null && return 0
    done
  fi
  mkdir "$layers/copy"
  chmod --reference="$1" "$layers/copy"
  chown --reference="$1" "$layers/copy" 2>/dev/null || :
  # Some files of the host may be unreadable here (shadow and the like): the copy is of what can be read.
  cp -R "--preserve=$keep" "$1/." "$layers/copy/" 2>/dev/null || :
  cp -R --preserve=mode "$layers/upper/." "$layers/copy/"
  mount --bind "$layers/copy" "$1"
}
# The stage stays where it is, also in a folder that is hidden.
hide() {
  cd "$stage"
  mount -t tmpfs -o mode=755 portreserve-sandbox "$1"
  case $stage in
    "$1"/*) mkdir -p "$stage"; mount -n --no-canonicalize --rbind . "$stage" ;;
  esac
  cd /
}
folder() { [ -d "$1" ] || { echo "no folder '$1' on this host" >&2; exit 1; }; }
cover /etc "$stage/etc"
count=$1; shift
while [ "$count" -gt 0 ]; do folder "$1"; cover "$1" ""; shift; count=$((count - 1)); done
count=$1; shift
while [ "$count" -gt 0 ]; do folder "$1"; hide "$1"; shift; count=$((count - 1)); done
"$loopback" --loopback -- true
export SCRATCH
printf ${READY} >&3
exec 3>&-
exec sh "$stage/script" "$@"
`;
