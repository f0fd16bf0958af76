#!/usr/bin/env bash
# Installs the Debian or Ubuntu packages that drills (`packages.sh demo`) or all tests (`packages.sh
# test`) use, where they are missing and we may. Otherwise it says what is missing, and all goes on:
# tests skip by name, the demo tells its story in the small world. Starts and enables no service.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }

# package=program that shows it is there (a pattern may be given)
demo=(git=git curl=curl redis-server=redis-server redis-tools=redis-cli prometheus=prometheus
  prometheus-alertmanager=prometheus-alertmanager prometheus-redis-exporter=prometheus-redis-exporter)
tests=("${demo[@]}" "postgresql=/usr/lib/postgresql/*/bin/initdb" chromium=chromium nginx-light=nginx)

case "${1:-}" in
  demo) wanted=("${demo[@]}") ;;
  test) wanted=("${tests[@]}") ;;
  *) say "usage: packages.sh demo|test"; exit 2 ;;
esac

missing() {
  local pair
  for pair in "${wanted[@]}"; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "${pair#*=}" >/dev/null || compgen -G "${pair#*=}" >/dev/null || echo "${pair%%=*}"
  done
}

mapfile -t absent < <(missing)
[ ${#absent[@]} -gt 0 ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  say "Missing: ${absent[*]}. What needs them is skipped. To have it: sudo apt-get install ${absent[*]}"
  exit 0
fi

# a package's own script asks policy-rc.d before it starts a service: 101 is no (Debian policy 9.3.3)
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  printf '#!/bin/sh\nexit 101\n' > $policy
  chmod 755 $policy
fi

export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }

units() { find /lib/systemd/system /usr/lib/systemd/system -name '*.service' -o -name '*.timer' 2>/dev/null | sed 's|.*/||; /@/d' | sort -u; }
before=$(units)

say "Installing ${absent[*]} …"
apt-get update -qq || say "apt-get update failed; trying with the lists that are there."
# one that cannot be had must not keep the others away
install "${absent[@]}" || for package in "${absent[@]}"; do install "$package" || say "Could not install $package."; done

# nor shall what came along start with the next boot
if command -v systemctl >/dev/null; then
  comm -13 <(echo "$before") <(units) | xargs -r systemctl disable --quiet 2>/dev/null || true
fi

mapfile -t absent < <(missing)
[ ${#absent[@]} -eq 0 ] || say "Still missing: ${absent[*]}. What needs them is skipped."
