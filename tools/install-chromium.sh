#!/bin/sh
# Installs the browser that the console's tests drive, from Debian's packages. As root on a Debian only, and only where CI says that
# it may: elsewhere the tests say which package is missing.
set -eu
[ "${CI:-}" = true ] && [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] || exit 0
[ -x /usr/bin/chromium-headless-shell ] || [ -x /usr/bin/chromium ] && exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# Without windows, which is less to start and to run; Debian did not always have it.
apt-get install -q -y --no-install-recommends chromium-headless-shell fonts-dejavu-core ||
  apt-get install -q -y --no-install-recommends chromium fonts-dejavu-core
