#!/bin/busybox sh
# The first process of the boot image: mounts, drivers, network; then it becomes what keeps the agent running.
# busybox's shell takes its own commands before any in PATH; what must be the real one is called by its whole path.
export PATH=/opt/farrier/bin:/sbin:/bin
export HOME=/ TERM=linux

say() {
  echo "farrier-init: $*"
}

mount -t devtmpfs -o mode=0755 dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs -o mode=0755 run /run
mount -t tmpfs tmp /tmp
mkdir -m 0700 -p /run/farrier
say "kernel $(uname -r), up for $(cut -d ' ' -f 1 /proc/uptime) s"
# A machine whose kernel gives up starts anew by itself.
echo 10 > /proc/sys/kernel/panic
# The console is for what the agent says, and a serial line is slow.
echo 4 > /proc/sys/kernel/printk

# Twice: some devices only appear once the driver of their bus is there.
for round in 1 2; do
  find /sys/devices -name modalias -exec cat {} + | sort -u | xargs -n 200 /sbin/modprobe -abq
done
/sbin/modprobe -abq sd_mod nvme virtio_blk
if [ -d /sys/firmware/efi ]; then
  mount -t efivarfs efivarfs /sys/firmware/efi/efivars || say "EFI variables can't be reached"
fi
say "drivers loaded, up for $(cut -d ' ' -f 1 /proc/uptime) s"

ip link set lo up
/bin/busybox sh /opt/farrier/network.sh &
exec /bin/busybox sh /opt/farrier/supervise.sh
