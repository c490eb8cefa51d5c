// The part of the script that tries a shim before anything names it, and proves it afterwards.

export const SETUP_TRIAL = `
# What programs of this host say, and how they end: with a library preloaded, or with what the list names.
behave() {
  for command in /bin/true /bin/false '/bin/cat /etc/passwd' '/bin/ls /' '/usr/bin/getent passwd root' \\
    '/bin/mount --version' '/bin/su --version' '/bin/mv --version'; do
    [ -x "\${command%% *}" ] || continue
    say "$command:"
    # shellcheck disable=SC2086 # a command and its arguments
    timeout 20 env -i PATH="$PATH" LD_PRELOAD="$1" $command 2>&1 </dev/null || say "status $?"
  done
  say 'sh:'
  timeout 20 env -i PATH="$PATH" LD_PRELOAD="$1" /bin/sh -c 'read -r line </etc/passwd; echo "$line" | cat; exit 3' 2>&1 ||
    say "status $?"
  for abi in $host_abis; do
    say "$abi:"
    timeout 20 env -i LD_PRELOAD="$1" "$home/$(probe_of "$abi")" --help 2>&1 </dev/null || say "status $?"
  done
}

# Whether a program of each ABI has its functions from the shim: SUFFIX of the shim's name, and LD_PRELOAD. Where the probe does
# not start on this host at all, nobody is asked.
covers() {
  for abi in $host_abis; do
    probe=$home/$(probe_of "$abi")
    env -i "$probe" --help >/dev/null 2>&1 || continue
    said=$(env -i LD_PRELOAD="$2" "$probe" --which 2>&1) || return 1
    [ -n "$said" ] && ! say "$said" | grep -qvF "\\"object\\":\\"$(shim_of "$abi")$1\\"}" || return 1
  done
}

# A program in a network of its own takes every port that it can get. Says the first that it should not have had, or why it got
# none; nothing where all is well, or where there can be no such network.
stolen() {
  unshare --net true 2>/dev/null || return 0
  for abi in $host_abis; do
    probe=$home/$(probe_of "$abi")
    env -i "$probe" --help >/dev/null 2>&1 || continue
    for protocol in tcp udp; do
      got=$(timeout 60 unshare --net env -i "$probe" --symbol bindresvport --protocol "$protocol" --exhaust 2>&1)
      case $got in
        *'{"port":'*) ;;
        *) say "a program of $abi gets no port at all for $protocol"; return ;;
      esac
      ports=$tcp
      [ "$protocol" = tcp ] || ports=$udp
      for port in $ports; do
        case $got in
          *"{\\"port\\":$port}"*) say "a program of $abi got $port/$protocol, which is reserved"; return ;;
        esac
      done
    done
  done
}

try_shims() {
  behave '' >"$work/without"
  behave "$entry$fresh" >"$work/with"
  cmp -s "$work/without" "$work/with" ||
    refuse "with the new shim programs behave in another way: $(diff "$work/without" "$work/with" 2>/dev/null | sed -n 's/^> //p' | head -n 1)" \\
      "make the archive again, with another build of the package"
  covers "$fresh" "$entry$fresh" || refuse "the new shim does not reach programs of this host" "make the archive again"
}

prove() {
  behave '' >"$work/after"
  cmp -s "$work/without" "$work/after" || fail 3 "with the shim in the preload list programs behave in another way"
  covers '' '' || fail 3 "a program started now is not covered" "look for what else says where libraries come from: 'cat $list'"
  theft=$(stolen)
  [ -z "$theft" ] || fail 3 "$theft"
}
`;
