#!/bin/busybox sh
# What busybox's udhcpc calls: gives an interface the address that DHCP answered with. Routes and name servers of the port
# that the machine booted from (FARRIER_BOOT_MAC) come before all others'.
: "${FARRIER_SYS:=/sys}" "${FARRIER_RUN:=/run/farrier}" "${FARRIER_RESOLV:=/run/resolv.conf}"
case "$1" in
  deconfig)
    rm -f "$FARRIER_RUN/online-$interface"
    ip addr flush dev "$interface"
    ip link set "$interface" up
    ;;
  bound | renew)
    booted=no
    [ "$(cat "$FARRIER_SYS/class/net/$interface/address")" = "$FARRIER_BOOT_MAC" ] && booted=yes
    ip addr replace "$ip/$mask" dev "$interface"
    for gateway in $router; do
      metric=$((100 + $(cat "$FARRIER_SYS/class/net/$interface/ifindex")))
      [ "$booted" = yes ] && metric=10
      ip route replace default via "$gateway" dev "$interface" metric "$metric"
      break
    done
    if [ -n "$dns" ] && { [ "$booted" = yes ] || [ ! -e "$FARRIER_RESOLV" ]; }; then
      {
        [ -n "$domain" ] && echo "search $domain"
        for server in $dns; do echo "nameserver $server"; done
      } > "$FARRIER_RESOLV"
    fi
    : > "$FARRIER_RUN/online-$interface"
    echo "$interface has $ip/$mask" > "$FARRIER_RUN/online"
    ;;
esac
