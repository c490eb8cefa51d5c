// What ends a script of sh before one of its commands, or has that fail: bash runs the same script, with these in the place of tools.

/**
 * For bash's BASH_ENV: counts in /tmp/steps the commands that change something. Before number $KILL_AT the script and all that it
 * has started is killed; number $FAIL_AT fails without being run.
 */
export const KILLER = `stepping() {
  local step
  read -r step </tmp/steps
  step=$((step + 1))
  echo "$step" >/tmp/steps
  [ "$step" != "$KILL_AT" ] || kill -9 0
  [ "$step" != "$FAIL_AT" ] || { echo "$*" >/tmp/failed; return 1; }
}
for tool in cp mv rm ln mkdir rmdir dd chmod install sync; do
  eval "$tool() { stepping $tool \\"\\$@\\" || return 1; command $tool \\"\\$@\\"; }"
done
`;

/** For sh(1): `stepped KILL_AT FAIL_AT VERB` runs the script of the unpacked archive, 0 for never; what it says is in /tmp/said. */
export const STEPPED = `
stepped() {
  echo 0 >/tmp/steps
  rm -f /tmp/failed
  KILL_AT=$1 FAIL_AT=$2 BASH_ENV=/root/killer setsid -w bash /root/portreserve/setup --clean "$3" >/tmp/said 2>&1
}
`;
