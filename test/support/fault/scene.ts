// The shell program of the crash tests' sandbox: each run gets fresh private layers over a saved state of the host's folders.

/**
 * Folders of the host that a run sees with a private layer on top, in the order they are covered: /etc last, so that a
 * preload list in a saved state cannot stop the mounts.
 */
export const LAYERED = ["var", "usr", "etc"] as const;
/** Folders that are empty at first. */
export const EMPTY = ["run", "tmp"] as const;

/** What stands between the product's name and six random characters in folders of its own; for sed -E and RegExp. */
export const STAGES = "(sandbox|rehearsal)";

/** The state that is there from the start: nothing in the layers. */
export const UNTOUCHED = "untouched";

/**
 * Environment: RESULTS, a folder of the host for what the test reads later; CHECKS and other programs for sh(1);
 * COMMAND, one simple command for it; INJECT, variables that every injected process gets. Each argument is a job:
 *
 *   save TO FROM NAME     runs the program in the variable NAME on the state FROM, and keeps what comes of it as TO
 *   record TO FROM        runs $COMMAND on FROM with an injector that only writes its log, and keeps what comes of it as TO
 *   point DIR FROM NEXT AT HOW ONWARD
 *                         runs $COMMAND on FROM with the injector's plan, then each program of NEXT (names of variables,
 *                         separated by commas) on a copy of what that left; the file "same" names an earlier DIR instead
 *                         where the same was left; nothing once the time is UNTIL (seconds since 1970) and ENOUGH have run
 *
 * After each program $CHECKS runs in the same place. The layers live on the sandbox's tmpfs, which is at /mnt too since
 * /tmp is covered. A run's result is a folder of files: status, stdout, stderr, checks and complaints (what $CHECKS said),
 * listing (what the layers hold), log (the injector's).
 */
export const SCENE = `set -u
mount --bind "$SCRATCH" /mnt
mkdir /mnt/states /mnt/tools /mnt/seen
cd /mnt

cat >/mnt/tools/inner <<'INNER'
for folder in ${EMPTY.join(" ")}; do mount --bind "/mnt/now/$folder" "/$folder" || exit 120; done
for folder in ${LAYERED.join(" ")}; do
  mount -t overlay -o "lowerdir=/$folder,upperdir=/mnt/now/$folder,workdir=/mnt/work/$folder,metacopy=off,redirect_dir=off,index=off" overlay "/$folder" || exit 120
done
cd /
timeout 300 sh -c "$1" >/mnt/out/stdout 2>/mnt/out/stderr
echo $? >/mnt/out/status
sh -c "$CHECKS" >/mnt/out/checks 2>/mnt/out/complaints
INNER

fresh() {
  rm -rf /mnt/now /mnt/work /mnt/out
  mkdir /mnt/work /mnt/out
  for folder in ${LAYERED.join(" ")}; do mkdir "/mnt/work/$folder"; done
  cp -a "$1" /mnt/now
}
# The program $1 in namespaces of its own, over /mnt/now; the result goes to the folder $2.
run() {
  unshare --mount --propagation private -- sh /mnt/tools/inner "$1"
  [ -f /mnt/out/status ] || exit 1
  (
    cd /mnt/now
    find . -mindepth 2 -printf 'entry\\t%P\\t%y\\t%m\\t%U:%G\\t%l\\n'
    find . -type f -exec sha256sum {} + | sed 's/^/hash\\t/'
    # Beside its generation and the checksum over it (bytes 16 to 27) two tables of the same reservations are alike.
    for table in etc/portreserve.table tmp/*/etc/portreserve.table; do
      [ ! -f "$table" ] || { head -c 16 "$table"; tail -c +29 "$table"; } | sha256sum | sed 's/^/table\\t/'
    done
  ) >/mnt/out/listing
  [ ! -f /mnt/log ] || mv /mnt/log /mnt/out/log
  mkdir -p "\${2%/*}"
  cp -r /mnt/out "$2"
}
with_injector() {
  # env, so that the shell itself does not get the library.
  printf 'exec env %s%s %s' "$INJECT" "$1" "$COMMAND"
}

mkdir /mnt/states/${UNTOUCHED}
for folder in ${LAYERED.join(" ")} ${EMPTY.join(" ")}; do
  mkdir "/mnt/states/${UNTOUCHED}/$folder"
  chmod --reference="/$folder" "/mnt/states/${UNTOUCHED}/$folder"
done

save() {
  fresh "/mnt/states/$2"
  eval "program=\\$$3"
  run "$program" "$RESULTS/$1"
  cp -a /mnt/now "/mnt/states/$1"
}
record() {
  fresh "/mnt/states/$2"
  run "$(with_injector " FAULT_LOG=/mnt/log")" "$RESULTS/$1"
  cp -a /mnt/now "/mnt/states/$1"
}
tried=0
point() {
  if [ "$tried" -ge "$ENOUGH" ] && [ "$(date +%s)" -ge "$UNTIL" ]; then return; fi
  tried=$((tried + 1))
  fresh "/mnt/states/$2"
  onward=
  [ "$6" = no ] || onward=" FAULT_ONWARD=1"
  run "$(with_injector " FAULT_LOG=/mnt/log FAULT_AT=$4 FAULT_HOW=$5$onward")" "$RESULTS/$1/first"
  # What follows from a tree that was left before is known already: names that are chosen at random play no part.
  tree=$(sed -E 's/[0-9a-f]{16}\\.tmp/RANDOM/; s/(${STAGES}-)[A-Za-z0-9]{6}/\\1RANDOM/' /mnt/out/listing | sort | sha256sum)
  tree=/mnt/seen/\${tree%% *}
  if [ -f "$tree" ]; then
    cp "$tree" "$RESULTS/$1/same"
    return
  fi
  echo "$1" >"$tree"
  cp -a /mnt/now /mnt/left
  for next in $(echo "$3" | tr , ' '); do
    fresh /mnt/left
    eval "program=\\$$next"
    run "$program" "$RESULTS/$1/$next"
  done
  rm -rf /mnt/left
}
for job in "$@"; do
  $job
  echo "done $job"
done
cp -a /mnt/states "$RESULTS/states"
`;
