#!/bin/busybox sh
# What busybox's udhcpc calls in the tiny system: gives an interface the address that DHCP answered with.
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
busybox ip addr replace "$ip/$mask" dev "$interface"
for gateway in $router; do
  busybox ip route replace default via "$gateway" dev "$interface"
  break
done
for server in $dns; do
  echo "nameserver $server"
done > /etc/resolv.conf
