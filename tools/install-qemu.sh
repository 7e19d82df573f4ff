#!/bin/sh
# Installs what the tests with QEMU machines need, and what makes a Debian image, from Debian's packages. As root on a
# Debian only, and only where CI says that it may: elsewhere the tests say which package is missing.
set -eu
[ "${CI:-}" = true ] && [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] || exit 0
packages="qemu-system-x86 ovmf ipxe-qemu mmdebstrap"
# shellcheck disable=SC2086
if dpkg-query -W -f '${Status}\n' $packages 2>/dev/null | grep -c 'install ok installed' | grep -qx 4; then
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086
apt-get install -q -y --no-install-recommends $packages
