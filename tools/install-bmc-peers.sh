#!/bin/sh
# Installs what tests of management controllers run against: sushy-tools' emulator, sushy as a second client, and
# pyghmi's simulated IPMI controller, at the versions in tools/bmc-peers.txt, in a virtual environment of Python in
# .peers/bmc of this checkout. Where CI says that it may, as root on a Debian, also Debian's packages for it, ipmitool
# and OpenIPMI's simulator.
set -eu
cd "$(dirname "$0")/.."
packages="ipmitool openipmi python3-venv"
if [ "${CI:-}" = true ] && [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ]; then
  # shellcheck disable=SC2086
  if ! dpkg-query -W -f '${Status}\n' $packages 2>/dev/null | grep -c 'install ok installed' | grep -qx 3; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    # shellcheck disable=SC2086
    apt-get install -q -y --no-install-recommends $packages
  fi
fi
python3 -m venv .peers/bmc
.peers/bmc/bin/pip install --quiet --disable-pip-version-check --requirement tools/bmc-peers.txt
.peers/bmc/bin/python -c 'import pyghmi, sushy, sushy_tools; print("sushy, sushy-tools and pyghmi are in .peers/bmc")'
