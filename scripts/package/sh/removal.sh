# Before the files go: nothing may name them any more, also where Node has gone already.
# shellcheck shell=sh disable=SC2016,SC2154

# The list without the shim, put in its place by rename; without anything else it goes.
unlist() {
  file=$(readlink -f "$list") || return 0
  fresh=$file.portreserve-$$
  cp -a "$file" "$fresh" || return 1
  # Twice, since entries beside each other share a separator. Lines in which nothing is left go.
  sed -E '\@(^|[ \t:])/usr/\$LIB/portreserve/libportreserve\.so([ \t:]|$)@{
    :again
    s@(^|[ \t:])/usr/\$LIB/portreserve/libportreserve\.so([ \t:]|$)@\1@
    t again
    /^[ \t:]*$/d
  }' "$file" >"$fresh" || { rm -f "$fresh"; return 1; }
  if [ -s "$fresh" ]; then
    sync "$fresh"
    mv -f "$fresh" "$file"
  else
    rm -f "$fresh" "$file"
  fi
  sync "${file%/*}"
}

# The first line says whose a file is.
remove_ours() {
  for file; do
    if [ -f "$file" ] && head -n 1 "$file" | grep -q "^# Written by 'portreservectl "; then
      rm -f "$file"
    fi
  done
}

# As 'portreservectl uninstall', which is better at it: it gives running programs and the kernel their old state back.
take_away() {
  ! listed || unlist || return 1
  if booted; then
    systemctl stop portreserve.path portreserve-services.path portreserve-blacklist.path portreserve.service \
      portreserve-hold.service || :
  fi
  rm -f "$units/paths.target.wants"/portreserve*.path "$units/multi-user.target.wants/portreserve.service" \
    "$units/sysinit.target.wants/portreserve-hold.service"
  remove_ours "$units"/*.d/[56]0-portreserve*.conf /etc/apparmor.d/abstractions/base.d/portreserve \
    /etc/modprobe.d/portreserve*.conf /etc/sysctl.d/zz-portreserve-*.conf /etc/nfs.conf.d/portreserve.conf \
    /etc/nfsmount.conf.d/portreserve.conf
  rmdir --ignore-fail-on-non-empty "$units"/*.target.wants "$units"/*.d 2>/dev/null || :
  rm -f /etc/portreserve.table /etc/portreserve.hold
  ! booted || systemctl --system daemon-reload || :
}

# What the user that the folder belongs to has put there instead is neither waited for nor read to its end.
remove_metrics() {
  if dd if="$1" iflag=nonblock,nofollow bs=19 count=1 2>/dev/null | grep -q '^# HELP portreserve_'; then rm -f "$1"; fi
}

# The timer may be enabled where nothing else of it was ever put into force.
stop_metrics() {
  if booted; then
    systemctl stop portreserve-metrics.timer portreserve-metrics.service 2>/dev/null || :
    systemctl reset-failed portreserve-metrics.service 2>/dev/null || :
  fi
  rm -f "$units/timers.target.wants/portreserve-metrics.timer"
  remove_metrics /var/lib/prometheus/node-exporter/portreserve.prom
}

before_removal() {
  if listed || enabled || [ -e /etc/portreserve.table ]; then
    manager uninstall || take_away
  fi
  # What the manager may have refused to do.
  ! listed || take_away
  stop_metrics
}
