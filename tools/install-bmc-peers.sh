#!/bin/sh
# Installs what tests of management controllers run against: sushy-tools' emulator, and sushy as a second client, at the versions
# in tools/bmc-peers.txt, in a virtual environment of Python in .peers/bmc of this checkout.
set -eu
cd "$(dirname "$0")/.."
python3 -m venv .peers/bmc
.peers/bmc/bin/pip install --quiet --disable-pip-version-check --requirement tools/bmc-peers.txt
.peers/bmc/bin/python -c 'import sushy, sushy_tools; print("sushy and sushy-tools are in .peers/bmc")'
