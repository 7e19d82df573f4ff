#!/bin/busybox sh
# Sets the network that the boot brought along, instead of asking for addresses. The file has one thing a line
# (src/contract/network/network-lines.ts writes it): network cards come first, by their MACs, because each kernel has its
# own names. The variables are there for tests.
: "${FARRIER_SYS:=/sys}" "${FARRIER_RUN:=/run/farrier}" "${FARRIER_NETWORK:=/etc/farrier/network}"
: "${FARRIER_ADDRESS:=/opt/farrier/address.sh}" "${FARRIER_RESOLV:=/run/resolv.conf}" "${FARRIER_MODPROBE:=/sbin/modprobe}"
# Seconds between looks for cards, and looks after which those that are missing are done without.
: "${FARRIER_POLL:=0.2}" "${FARRIER_CARDS:=300}"
# udhcpc's script goes by it.
export FARRIER_SYS FARRIER_RUN FARRIER_RESOLV FARRIER_BOOT_MAC=""

say() {
  echo "farrier-network: $*"
}

card_of() {
  for path in "$FARRIER_SYS"/class/net/*; do
    if [ -e "$path/device" ] && [ "$(cat "$path/address")" = "$1" ]; then
      echo "${path##*/}"
      return
    fi
  done
}

# The kernel's name of an interface of the file; nothing where it is missing.
named() {
  cat "$FARRIER_RUN/interface-$1" 2> /dev/null
}

looks=0
while :; do
  missing=""
  found=""
  while read -r kind name mac; do
    [ "$kind" = ethernet ] || continue
    card=$(card_of "$mac")
    if [ -n "$card" ]; then
      echo "$card" > "$FARRIER_RUN/interface-$name"
      found=yes
    else
      missing="$missing $mac"
    fi
  done < "$FARRIER_NETWORK"
  [ -z "$missing" ] && break
  [ -n "$found" ] && [ "$looks" -ge "$FARRIER_CARDS" ] && break
  looks=$((looks + 1))
  [ $((looks % 150)) -eq 0 ] && say "no network card has the MAC$missing, which its network was configured with"
  sleep "$FARRIER_POLL"
done
[ -n "$missing" ] && say "going on without the network card with the MAC$missing"

rm -f "$FARRIER_RESOLV"
domains=""
while read -r kind name first second third fourth fifth; do
  case "$kind" in
    dns)
      echo "nameserver $name" >> "$FARRIER_RESOLV"
      continue
      ;;
    search)
      domains="$domains $name"
      continue
      ;;
    bond)
      # first: mode, second: interval, third: LACP rate, fourth: hash policy. "-" = the kernel's own.
      "$FARRIER_MODPROBE" bonding max_bonds=0
      echo "+$name" > "$FARRIER_SYS/class/net/bonding_masters"
      bonding=$FARRIER_SYS/class/net/$name/bonding
      echo "$first" > "$bonding/mode"
      echo "$second" > "$bonding/miimon"
      [ "$third" != - ] && echo "$third" > "$bonding/lacp_rate"
      [ "$fourth" != - ] && echo "$fourth" > "$bonding/xmit_hash_policy"
      echo "$name" > "$FARRIER_RUN/interface-$name"
      continue
      ;;
    vlan)
      # first: id, second: what it stands on
      "$FARRIER_MODPROBE" 8021q
      under=$(named "$second")
      [ -n "$under" ] && ip link set dev "$under" up && ip link add link "$under" name "$name" type vlan id "$first" &&
        echo "$name" > "$FARRIER_RUN/interface-$name"
      continue
      ;;
  esac
  interface=$(named "$name")
  [ -n "$interface" ] || continue
  case "$kind" in
    member)
      member=$(named "$first")
      if [ -n "$member" ]; then
        ip link set dev "$member" down
        echo "+$member" > "$FARRIER_SYS/class/net/$interface/bonding/slaves"
      fi
      ;;
    mtu) ip link set dev "$interface" mtu "$first" ;;
    up) ip link set dev "$interface" up ;;
    dhcp)
      say "asking for an address on $interface"
      udhcpc -f -i "$interface" -t 8 -T 1 -A 1 -S -s "$FARRIER_ADDRESS" > /dev/null 2>&1 &
      ;;
    address)
      if ip addr replace "$first" dev "$interface"; then
        say "$interface has $first"
        : > "$FARRIER_RUN/online-$interface"
        echo "$interface has $first" > "$FARRIER_RUN/online"
      fi
      ;;
    route)
      # first: 4 or 6, second: network, third: gateway, fourth: metric, fifth: onlink. "-" = none.
      set -- "$second"
      if [ "$third" = - ]; then set -- "$@" dev "$interface" scope link; else set -- "$@" via "$third" dev "$interface"; fi
      [ "$fourth" != - ] && set -- "$@" metric "$fourth"
      [ "$fifth" = onlink ] && set -- "$@" onlink
      ip "-$first" route replace "$@" || say "the route to $second could not be set"
      ;;
  esac
done < "$FARRIER_NETWORK"
# In one line: of several, resolvers read the last alone.
[ -n "$domains" ] && echo "search$domains" >> "$FARRIER_RESOLV"
# The clients are this shell's children.
wait
