#!/bin/busybox sh
# DHCP on the interface that the machine booted from (BOOTIF=01-MAC on the kernel's command line), and after a while on all
# that have a link. An address alone ends nothing: a management controller gives its host one on a USB port at once, while the
# port that booted may have its link half a minute later. So each is asked as its link comes up, until the port that booted
# has an address, or the control plane was reached by another. The variables are there for tests.
: "${FARRIER_SYS:=/sys}" "${FARRIER_CMDLINE:=/proc/cmdline}" "${FARRIER_RUN:=/run/farrier}"
: "${FARRIER_ADDRESS:=/opt/farrier/address.sh}" "${FARRIER_UPTIME:=/proc/uptime}"
# Seconds between looks, before any interface has an address and after; looks after which all interfaces are asked.
: "${FARRIER_POLL:=0.2}" "${FARRIER_SLOW_POLL:=1}" "${FARRIER_OTHERS:=100}"

: "${FARRIER_NETWORK:=/etc/farrier/network}" "${FARRIER_CONFIGURED:=/opt/farrier/configured.sh}"

# The boot brought the machine's network along: no address is requested.
[ -s "$FARRIER_NETWORK" ] && exec /bin/busybox sh "$FARRIER_CONFIGURED"

say() {
  echo "farrier-network: $*"
}

# The interfaces that stand on a device.
interfaces() {
  for path in "$FARRIER_SYS"/class/net/*; do
    [ -e "$path/device" ] && echo "${path##*/}"
  done
}

# One client an interface; it goes on asking, and renews what it got.
ask() {
  [ -e "$FARRIER_RUN/dhcp-$1" ] && return
  : > "$FARRIER_RUN/dhcp-$1"
  say "asking for an address on $1"
  udhcpc -f -i "$1" -t 8 -T 1 -A 1 -S -s "$FARRIER_ADDRESS" > /dev/null 2>&1 &
}

boot_mac=$(sed -n 's/.*\bBOOTIF=01-\([0-9a-fA-F-]*\).*/\1/p' "$FARRIER_CMDLINE" | tr 'A-F-' 'a-f:')
# The scripts that the clients call go by it.
export FARRIER_BOOT_MAC="$boot_mac" FARRIER_SYS FARRIER_RUN
looks=0
told=""
while :; do
  boot_online=no
  for interface in $(interfaces); do
    ip link set "$interface" up
    booted=no
    [ "$(cat "$FARRIER_SYS/class/net/$interface/address")" = "$boot_mac" ] && booted=yes
    if [ -z "$boot_mac" ] || [ "$looks" -ge "$FARRIER_OTHERS" ] || [ "$booted" = yes ]; then
      if [ "$(cat "$FARRIER_SYS/class/net/$interface/carrier" 2> /dev/null)" = 1 ]; then
        ask "$interface"
      fi
    fi
    [ "$booted" = yes ] && [ -e "$FARRIER_RUN/online-$interface" ] && boot_online=yes
  done
  if [ -e "$FARRIER_RUN/online" ] && [ "$(cat "$FARRIER_RUN/online")" != "$told" ]; then
    told=$(cat "$FARRIER_RUN/online")
    say "$told, up for $(cut -d ' ' -f 1 "$FARRIER_UPTIME") s"
  fi
  [ "$boot_online" = yes ] && break
  [ -e "$FARRIER_RUN/reached" ] && break
  looks=$((looks + 1))
  if [ -z "$told" ]; then
    [ $((looks % 150)) -eq 0 ] && say "no address after $((looks / 5)) s: is there a DHCP server, and is the cable in?"
    sleep "$FARRIER_POLL"
  else
    sleep "$FARRIER_SLOW_POLL"
  fi
done
# The clients are this shell's children.
wait
