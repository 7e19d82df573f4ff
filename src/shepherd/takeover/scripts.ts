// What runs on a host that is taken over, by a busybox that is carried there, so that nothing depends on the host's own
// programs. Everything lies in one file system in memory, in a directory of this name with a random end.

/** The exit status of {@link beginCommand} if an earlier takeover has told the host to start its kernel. */
export const underWayStatus = 75;

/** The exit status of {@link goScript} if the host refuses to start the loaded kernel. */
export const notGoingStatus = 76;

/** The beginning of the path of a takeover's directory on the host. */
export const hostDirectoryPrefix = "/run/farrier-takeover-";

/** The program `NAME` of the directory, with the libraries that were carried with it. */
const carriedProgram = String.raw`
carried() { name=$1; shift; "$here/lib/ld" --library-path "$here/lib" "$here/$name" "$@"; }
`;

/**
 * The takeover program: TakeoverInit on standard input, TakeoverResponse on standard output. Makes the agent's key, puts it with the
 * agent's init file into an archive behind the initramfs, and has the host's kernel load both. After that the key is in the
 * kernel's memory alone.
 */
export const takeoverScript = String.raw`set -u
LC_ALL=C OPENSSL_CONF=/dev/null; export LC_ALL OPENSSL_CONF
umask 077
here=$1
cd "$here" || exit 1
exec 2> said
${carriedProgram}
varint() {
  rest=$1
  while [ "$rest" -ge 128 ]; do
    printf "\\$(printf %03o $((rest % 128 + 128)))"
    rest=$((rest / 128))
  done
  printf "\\$(printf %03o "$rest")"
}
# field TAG FILE: a length-delimited field of protobuf
field() { printf "\\$1"; varint "$(($(wc -c < "$2")))"; cat "$2"; }
# Whatever the end: no file keeps the key, and what the kernel has loaded needs no room any longer. Also where nobody is
# there any more to hear the answer: without this line such a signal would end the shell at once.
trap 'exit 1' HUP INT PIPE TERM
trap 'rm -rf key.der public.der private archive config.cpio init.pb public initramfs vmlinuz success pid' EXIT
# For the undo script.
echo $$ > pid
failed() {
  # After its error kexec prints where in memory everything was to go.
  { printf '%s: ' "$1"; grep -vE '^(entry|nr_segments|segment)' said | tail -c 1000 | tr '\n\r\t' '   ' | tr -cd ' -~'; } > text
  field 012 text > error
  field 022 error
  exit 1
}
cat > init.pb
sha256sum -c sums > /dev/null || failed "the files did not arrive whole"
carried openssl genpkey -algorithm ed25519 -outform DER -out key.der || failed "no key could be made"
carried openssl pkey -inform DER -in key.der -pubout -outform DER -out public.der || failed "no public key could be made"
[ "$(($(wc -c < key.der)))" = 48 ] && [ "$(($(wc -c < public.der)))" = 44 ] || failed "the key has another length than expected"
# RFC 8410: the raw keys are the last 32 bytes.
tail -c 32 public.der > public
{ tail -c 32 key.der; cat public; } > private
mkdir -p archive/etc/farrier
chmod 0755 archive archive/etc archive/etc/farrier
{
  cat init-head.json
  printf ',"privateKey":"'
  base64 -w 0 private
  printf '"}\n'
} > archive/etc/farrier/agent-init.json
chmod 0600 archive/etc/farrier/agent-init.json
[ -e network ] && cat network > archive/etc/farrier/network
(cd archive && find etc | sort | cpio -o -H newc -R 0:0) > config.cpio || failed "the archive could not be made"
cat config.cpio >> initramfs || failed "the archive could not be put behind the initramfs"
line=$(cat command-line)
carried kexec -u > /dev/null
: > said
# By the newer call, which checks signatures; then by the older one.
carried kexec -s -l vmlinuz --initrd=initramfs --command-line="$line" >> said ||
  carried kexec -c -l vmlinuz --initrd=initramfs --command-line="$line" >> said ||
  failed "the host's kernel did not load the agent's"
{ field 012 init.pb; field 022 public; } > success
field 012 success
`;

/** Removes everything of a takeover that nobody carries on with: its shepherd, or the connection to it, may be gone. */
export const reaperScript = String.raw`here=$1
left=$2
while [ "$left" -gt 0 ]; do
  sleep 5
  [ -e "$here/busybox" ] || exit 0
  left=$((left - 5))
done
exec "$here/busybox" sh "$here/undo.sh" "$here"
`;

/**
 * Stops the host's services in their order and starts the loaded kernel. Returns before that has happened. Does nothing if the
 * host was told so already. The variable is there for tests.
 */
export const goScript = String.raw`here=$1
# Made by one alone: a shepherd that has lost the connection says it once more.
mkdir "$here/going" || { [ -e "$here/going" ]; exit; }
: "${"$"}{FARRIER_SYSTEMD:=/run/systemd/system}"
${carriedProgram}
sync
if [ -d "$FARRIER_SYSTEMD" ]; then
  systemctl kexec && exit
  rmdir "$here/going"
  exit ${notGoingStatus}
fi
setsid sh -c 'sleep 1; "$0/lib/ld" --library-path "$0/lib" "$0/kexec" -e || rmdir "$0/going"' "$here" < /dev/null > /dev/null 2>&1 &
`;

/**
 * Removes what a takeover has left: the takeover program, if it still runs because the connection to it was cut, the kernel that
 * it has loaded, and the directory.
 */
export const undoScript = String.raw`here=$1
${carriedProgram}
# Whether the process still is the takeover program: a killed program leaves its number, which another process may have.
runs() { tr '\0' '\n' 2> /dev/null < "/proc/$running/cmdline" | grep -qxF "$here/takeover.sh"; }
if read -r running 2> /dev/null < "$here/pid" && runs; then
  kill "$running"
  left=12
  # It ends once the program ends that it is waiting for.
  while [ "$left" -gt 0 ] && runs; do sleep 1; left=$((left - 1)); done
fi
carried kexec -u
cd /
umount -l "$here"
rm -rf "$here"
`;

/**
 * Commands of the host's own shell, without quotes, that remove a takeover's directory; first by {@link undoScript}, if it got
 * so far. @param directory a path, or a variable of the shell with one
 */
export function removeCommand(directory: string): string {
  return `if [ -e ${directory}/undo.sh ]; then ${directory}/busybox sh ${directory}/undo.sh ${directory} < /dev/null; fi; if [ -d ${directory} ]; then umount -l ${directory}; rm -rf ${directory}; fi`;
}

/**
 * One line for the host's own shell, without quotes: makes the file system in memory, after removing earlier takeovers with
 * what they have loaded, and puts standard input there as busybox. @param bytes the file system's size
 */
export function beginCommand(directory: string, bytes: number): string {
  return [
    "PATH=$PATH:/usr/sbin:/sbin; umask 077",
    `for old in ${hostDirectoryPrefix}*; do if [ -e $old/going ]; then exit ${underWayStatus}; fi; ${removeCommand("$old")}; done > /dev/null 2>&1`,
    `mkdir ${directory} && mount -t tmpfs -o size=${bytes},mode=0700,nosuid,nodev farrier ${directory} && cat > ${directory}/busybox && chmod 0700 ${directory}/busybox`,
  ].join("; ");
}
