#!/bin/busybox sh
# DHCP on the interface that the machine booted from (BOOTIF=01-MAC on the kernel's command line), else on all that have
# a link. Where that one gets no address for a while, the others are asked too.
say() {
  echo "farrier-network: $*"
}

# The interfaces that stand on a device.
interfaces() {
  for path in /sys/class/net/*; do
    [ -e "$path/device" ] && echo "${path##*/}"
  done
}

# One client an interface; it goes on asking, and renews what it got.
ask() {
  [ -e "/run/farrier/dhcp-$1" ] && return
  : > "/run/farrier/dhcp-$1"
  say "asking for an address on $1"
  udhcpc -f -i "$1" -t 8 -T 1 -A 1 -S -s /opt/farrier/address.sh > /dev/null 2>&1 &
}

boot_mac=$(sed -n 's/.*\bBOOTIF=01-\([0-9a-fA-F-]*\).*/\1/p' /proc/cmdline | tr 'A-F-' 'a-f:')
# In fifths of a second: links come up at any moment, and the agent waits for this.
waited=0
while [ ! -e /run/farrier/online ]; do
  for interface in $(interfaces); do
    ip link set "$interface" up
    if [ -z "$boot_mac" ] || [ "$waited" -ge 100 ] || [ "$(cat "/sys/class/net/$interface/address")" = "$boot_mac" ]; then
      if [ "$(cat "/sys/class/net/$interface/carrier" 2> /dev/null)" = 1 ]; then
        ask "$interface"
      fi
    fi
  done
  [ $((waited % 150)) -eq 149 ] && say "no address after $((waited / 5)) s: is there a DHCP server, and is the cable in?"
  sleep 0.2
  waited=$((waited + 1))
done
say "$(cat /run/farrier/online), up for $(cut -d ' ' -f 1 /proc/uptime) s"
# The clients are this shell's children.
wait
