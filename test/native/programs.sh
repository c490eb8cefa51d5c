#!/bin/sh
# The probe and pidexec under sanitizers: $1 and $2. What they mean is tested in test/preload; this is that no way
# through them does what a sanitizer minds. Ends with 1 and says which command line gave something else than expected.
# Meant: a pattern in a variable, words in another, functions called by name, variables for the shell inside.
# shellcheck disable=SC2254,SC2086,SC2317,SC2016
set -u
probe=$1
pidexec=$2
failures=0

# expect STATUS OUTPUT COMMAND...: OUTPUT is a pattern of the shell for all of standard output.
expect() {
    status=$1
    output=$2
    shift 2
    got=$("$@" 2>programs.stderr </dev/null)
    is=$?
    case $got in
        $output) fits=1 ;;
        *) fits=0 ;;
    esac
    if [ "$is" -ne "$status" ] || [ "$fits" -eq 0 ] || grep -Eq 'Sanitizer|runtime error' programs.stderr; then
        printf '%s\n' "status $is, not $status, or not '$output': $*" "$got"
        cat programs.stderr
        failures=$((failures + 1))
    fi
}

privately() {
    unshare --map-root-user --net "$@"
}

for symbol in bindresvport rresvport rresvport_af; do
    expect 0 '{"port":*}*{"port":*}' privately "$probe" --symbol $symbol --count 2
    expect 0 '*{"port":*}*{"error":"*"}' privately "$probe" --symbol $symbol --exhaust
done
expect 0 '{"port":[0-9]*}' privately "$probe" --symbol bindresvport --protocol udp --address null
expect 0 '{"port":[0-9]*}' privately "$probe" --symbol rresvport_af --family inet6
expect 1 '{"error":"EAFNOSUPPORT"}' privately "$probe" --symbol bindresvport --family inet6
expect 0 '{"port":631}' privately "$probe" --symbol bind --port 631
expect 0 '{"port":631}' privately "$probe" --symbol bind --port 631 --family inet6 --protocol udp
expect 1 '{"error":"EADDRNOTAVAIL"}' privately "$probe" --symbol bind --port 631 --family inet6 --address loopback
expect 3 '' "$probe" --symbol bindresvport_sa
expect 0 '' privately "$probe" --symbol bindresvport --step
expect 0 '*"rresvport","object":"*/libc.so.6"*"gssrpc_bindresvport_sa","object":null}' "$probe" --which
expect 0 'usage: *' "$probe" --help
for bad in "" "--symbol" "--symbol nothing" "--symbol bind --address null" "--which more" "--no-such-option" \
    "--symbol bind --port 65536" "--symbol bind --port -1" "--symbol bind --port 1x" "--symbol bind --port 99999999999999999999" \
    "--symbol bind --count x" "--symbol bind --family ipx" "--symbol bind --protocol sctp" "--symbol bind --address 10"; do
    expect 2 '' "$probe" $bad
done

alone() {
    unshare --map-root-user --pid --net --fork "$@"
}
expect 0 4242 alone "$pidexec" --loopback --pid 4242 -- sh -c 'echo $$'
expect 7 '' alone "$pidexec" --pid 99 -- sh -c 'exit 7'
expect 143 '' alone "$pidexec" --pid 99 -- sh -c 'kill -TERM $$'
expect 127 '' alone "$pidexec" --pid 99 -- /no/such/command
expect 127 '' "$pidexec" -- /no/such/command
expect 0 plain "$pidexec" -- echo plain
# Number 1 is taken, by the shell that starts it.
expect 3 '' alone sh -c '"$0" --pid 1 -- true; exit $?' "$pidexec"
# The program that is open, with the variables that it is given and no other, in the root that is open.
exec 3</bin/sh 4</ 5<.
expect 0 b- env C=c "$pidexec" --set A=b --program 3 -- sh -c 'echo $A-$C'
expect 0 '/ b' unshare --map-root-user "$pidexec" --root 4 --set A=b --program 3 -- sh -c 'echo $PWD $A'
expect 127 '' unshare --map-root-user "$pidexec" --root 3 --program 3 -- sh -c 'echo in no folder'
expect 127 '' "$pidexec" --mounts 5 --program 3 -- sh -c 'echo in no namespace'
expect 127 '' "$pidexec" --set A=b --program 9 -- sh -c 'echo of nothing'
for bad in "" "--" "--pid" "--pid 0 -- true" "--pid 4194305 -- true" "--pid x -- true" "--what -- true" "true" \
    "--program 3 -- true" "--set A=b -- true" "--root 4 -- true" "--program x --set A=b -- true" "--program 3 --set" \
    "--program 3 $(seq -s ' ' -f '--set A=%g' 16) -- true"; do
    expect 2 '' "$pidexec" $bad
done
exit $((failures > 0))
