# Once the files of a version are there: an upgrade goes on with what is in force, and nothing else comes into force.
# shellcheck shell=sh disable=SC2154

go_on() {
  if booted && { listed || enabled; }; then
    systemctl --system daemon-reload || :
    systemctl try-restart portreserve.path portreserve-services.path portreserve-blacklist.path portreserve-hold.service \
      portreserve-metrics.timer || :
    # At the boot there were none, where /usr was one of before the package.
    ! enabled || systemctl start portreserve.path portreserve-services.path portreserve-blacklist.path || :
  fi
  if listed; then
    # Tries it once more, and proves it.
    manager install >/dev/null || echo "portreservectl: warning: see 'portreservectl status'" >&2
  elif enabled; then
    manager compile >/dev/null || :
  fi
}

say_first_step() {
  listed || enabled ||
    echo "portreservectl: nothing is covered yet: 'portreservectl install' does it, 'portreservectl uninstall' takes it back"
}

# A package has brought reservations, or has gone with them; where systemd runs, its path units know already.
compile_unbooted() {
  if [ -e /etc/portreserve.table ] && ! booted; then manager compile >/dev/null || :; fi
}
