#!/bin/sh
# Installs promtool (Debian's package prometheus, without starting the daemon), so that the test of the alert rules can run
# it. Only on CI: as root, on Debian, with CI=true.
set -eu
if command -v promtool >/dev/null; then
  exit 0
fi
if [ "${CI:-}" != true ] || [ "$(id -u)" != 0 ] || [ ! -e /etc/debian_version ]; then
  echo "promtool is not installed: needs root on Debian, and CI=true" >&2
  exit 0
fi
apt-get update -qq
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
apt-get download -qq prometheus
dpkg-deb --extract ./prometheus_*.deb "$directory/extracted"
install -m 0755 "$directory/extracted/usr/bin/promtool" /usr/local/bin/promtool
