/**
 * The script that looks at a host before anything is carried to it: its `sh` reads it from standard input. Changes
 * nothing. Prints lines `NAME=VALUE`, then sections that begin with `@@NAME`.
 */
export const probeScript = String.raw`
LC_ALL=C; PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; export LC_ALL PATH
one() { head -c 1000 "$1" 2> /dev/null | tr '\n' ' '; echo; }
echo farrier-probe=1
if [ "$(id -u)" = 0 ]; then
  echo root=yes; root=
elif sudo -n true 2> /dev/null; then
  echo root=sudo; root='sudo -n'
else
  echo root=no; root=
  printf 'sudo='; { sudo -n true 2>&1 || true; } | head -c 300 | tr '\n' ' '; echo
fi
echo "architecture=$(uname -m)"
echo "kernel=$(uname -sr | head -c 200)"
awk '/^Mem(Total|Available):/ { print tolower(substr($1, 1, length($1) - 1)) "=" $2 }' /proc/meminfo 2> /dev/null
printf 'kexec-disabled='; one /proc/sys/kernel/kexec_load_disabled
[ -e /sys/kernel/kexec_loaded ] && echo kexec=yes || echo kexec=no
printf 'lockdown='; one /sys/kernel/security/lockdown
printf 'boot-id='; one /proc/sys/kernel/random/boot_id
printf 'command-line='; one /proc/cmdline
printf 'container='; { $root systemd-detect-virt -c 2> /dev/null || true; } | head -c 100 | tr '\n' ' '; echo
[ -d /run/systemd/system ] && echo systemd=yes || echo systemd=no
[ -d /run ] && echo run=yes || echo run=no
echo "client=$(echo "$SSH_CONNECTION" | cut -d ' ' -f 1)"
printf 'uuid='; { $root cat /sys/class/dmi/id/product_uuid 2> /dev/null || true; } | head -c 100 | tr '\n' ' '; echo
echo @@addresses; ip -j -d address show 2> /dev/null | head -c 60000; echo
echo @@routes; ip -j route show table main 2> /dev/null | head -c 60000; echo
echo @@routes6; ip -j -6 route show table main 2> /dev/null | head -c 60000; echo
echo @@resolver
cat /run/systemd/resolve/resolv.conf 2> /dev/null | head -c 4000 || true
head -c 4000 /etc/resolv.conf 2> /dev/null
echo @@end
`;
