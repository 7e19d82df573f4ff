#!/bin/busybox sh
# What busybox's udhcpc calls: gives an interface the address that DHCP answered with.
case "$1" in
  deconfig)
    ip addr flush dev "$interface"
    ip link set "$interface" up
    ;;
  bound | renew)
    ip addr replace "$ip/$mask" dev "$interface"
    for gateway in $router; do
      # The first interface that got an address has the default route.
      ip route | grep -q '^default ' || ip route add default via "$gateway" dev "$interface"
      break
    done
    if [ -n "$dns" ]; then
      {
        [ -n "$domain" ] && echo "search $domain"
        for server in $dns; do echo "nameserver $server"; done
      } > /run/resolv.conf
    fi
    echo "$interface has $ip/$mask" > /run/farrier/online
    ;;
esac
