#!/bin/sh
# Installs what tests of images make file systems and partition tables with, and the registry that tests of the cache run
# against, from Debian's packages. As root on a Debian only, and only where CI says that it may: elsewhere the tests say which
# package is missing.
set -eu
[ "${CI:-}" = true ] && [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] || exit 0
packages="btrfs-progs cryptsetup-bin docker-registry dosfstools erofs-utils exfatprogs f2fs-tools fdisk mtools ntfs-3g"
packages="$packages squashfs-tools xfsprogs xorriso"
# shellcheck disable=SC2086
if dpkg-query -W -f '${Status}\n' $packages 2>/dev/null | grep -c 'install ok installed' | grep -qx 13; then
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086
apt-get install -q -y --no-install-recommends $packages
