#!/bin/busybox sh
# The tiny system: says on the console that it booted, and what its cloud-init seed says. For trying installations out.
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
export PATH=/bin
echo 3 > /proc/sys/kernel/printk
echo 5 > /proc/sys/kernel/panic
for module in virtio_pci virtio_blk virtio_net e1000 af_packet virtio_scsi nvme ahci ata_piix sd_mod vfat nls_cp437 nls_ascii nls_utf8; do
  busybox modprobe -q "$module"
done
firmware=BIOS
[ -d /sys/firmware/efi ] && firmware=UEFI
# Disks appear a while after their drivers.
tries=0
seed=""
while [ -z "$seed" ] && [ "$tries" -lt 15 ]; do
  seed=$(busybox findfs LABEL=CIDATA 2> /dev/null || busybox findfs LABEL=cidata 2> /dev/null)
  [ -n "$seed" ] || busybox usleep 200000
  tries=$((tries + 1))
done
echo
echo "FARRIER-TINY-OS booted by $firmware, kernel $(busybox uname -r), seed ${seed:-none}"
if [ -n "$seed" ] && busybox mount -t vfat -o ro "$seed" /mnt; then
  for file in meta-data user-data network-config; do
    if [ -e "/mnt/$file" ]; then
      busybox sed "s/^/FARRIER-TINY-OS $file: /" "/mnt/$file"
      echo
    fi
  done
  [ -e /mnt/vendor-data ] && busybox cp /mnt/vendor-data /vendor-data
  busybox umount /mnt
fi
echo "FARRIER-TINY-OS is up after $(busybox cut -d ' ' -f 1 /proc/uptime) s"
# The seed says to whom.
[ -e /vendor-data ] && busybox sh /report.sh &
while :; do busybox sleep 3600; done
