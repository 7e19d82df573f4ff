import { diskFile } from "./directory.ts";
import { acceleratorArguments } from "./accelerator.ts";
import type { Accelerator } from "./accelerator.ts";
import type { LabMachine } from "./machine.ts";
import type { LabPrograms } from "./programs.ts";

/** Where a machine is told to boot from, once; absent = as its firmware has it. */
export type BootDevice = "network" | "disk" | "medium";

/** The QEMU id of the drive for media, and its file in QEMU's directory; without the file there is no drive. */
const driveId = "cd0";
export const mediumFileName = "medium.iso";

/** The QEMU id of the device that each boot device stands for. */
export const bootDeviceIds: Readonly<Record<BootDevice, string>> = { network: "nic0", disk: "disk0", medium: driveId };

/**
 * QEMU's own directory as its command line has it: descriptor 3 is that directory, opened by the process that starts QEMU. So its
 * user need not be able to walk the path to it, and the path may be longer than a socket's may be.
 */
const own = "/proc/self/fd/3";

/**
 * The arguments that QEMU runs a machine with. Pure.
 *
 * `bootindex` is what QEMU tells the firmware at each reset; power.ts takes it away once the machine runs, so that it holds
 * for one boot. Without any, UEFI follows its own entries and BIOS tries the disk first.
 */
export function qemuArguments(
  machine: LabMachine,
  options: {
    programs: LabPrograms;
    accelerator: Accelerator;
    boot?: BootDevice | undefined;
    netbootUrl: string;
    medium: boolean;
  },
): string[] {
  const { programs, accelerator, boot, netbootUrl } = options;
  const isSecure = machine.firmware === "uefi-secure";
  const index = (device: BootDevice): string => (boot === device ? ",bootindex=0" : "");
  return [
    ...["-name", `farrier-lab-${machine.name},process=qemu-farrier`, "-uuid", machine.uuid],
    ...["-nodefaults", "-no-user-config", "-display", "none"],
    // Without graphics firmware and boot loaders talk to the serial port.
    ...["-machine", `q35,graphics=off${isSecure ? ",smm=on" : ""}`, "-boot", "order=cn"],
    // The guest may not write the variables past the firmware.
    ...(isSecure ? ["-global", "driver=cfi.pflash01,property=secure,value=on"] : []),
    ...acceleratorArguments(accelerator),
    ...["-smp", String(machine.cpus), "-m", `${machine.memoryMiB}M`],
    ...[
      "-smbios",
      `type=1,manufacturer=Farrier,product=Lab,serial=${machine.serial},uuid=${machine.smbiosUuid ?? machine.uuid}`,
    ],
    ...["-chardev", `file,id=console,path=${own}/console.log,append=on`, "-serial", "chardev:console"],
    ...["-qmp", `unix:${own}/qmp,server=on,wait=off`],
    ...["-object", "rng-random,id=rng0,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng0"],
    ...["-device", "i6300esb", "-action", "watchdog=reset"],
    ...(programs.ovmf === undefined ? [] : pflash(programs.ovmf.code)),
    ...machine.disks.flatMap((disk, number) => [
      "-drive",
      // `unsafe` loses nothing when QEMU is killed, only when the host is: that is the host's own cache.
      `if=none,id=drive${number},format=raw,cache=unsafe,discard=unmap,detect-zeroes=unmap,file=${own}/${diskFile(number)}`,
      "-device",
      `${diskDevice(disk, number)}${number === 0 ? index("disk") : ""}`,
    ]),
    ...(options.medium ? drive(index("medium")) : []),
    ...machine.nics.flatMap(({ mac }, number) => [
      "-netdev",
      number === 0
        ? // With IPv6, though nothing needs it: iPXE asks for a router before it fetches anything, and waits 20 s for none.
          `user,id=net0,bootfile=${escaped(netbootUrl)}`
        : // Networks of their own, with nobody in them: two of one address would confuse the guest.
          `user,id=net${number},ipv6=off,restrict=on,net=10.0.${number + 2}.0/24`,
      "-device",
      // The first has QEMU's own choice of ROM, iPXE: a ROM named by its file is not adapted to the device, and BIOS skips it.
      `virtio-net-pci,id=nic${number},netdev=net${number},mac=${mac}${number === 0 ? index("network") : ",romfile="}`,
    ]),
  ];
}

function diskDevice({ kind, serial }: LabMachine["disks"][number], number: number): string {
  const common = `id=disk${number},drive=drive${number},serial=${serial}`;
  switch (kind) {
    case "virtio":
      return `virtio-blk-pci,${common}`;
    case "nvme":
      return `nvme,${common}`;
    case "sata":
      return `ide-hd,bus=ide.${number},${common}`;
  }
}

/** On USB, as the virtual drives of controllers are. */
function drive(index: string): string[] {
  return [
    ...["-drive", `if=none,id=medium,media=cdrom,readonly=on,format=raw,file=${own}/${mediumFileName}`],
    ...["-device", "qemu-xhci", "-device", `usb-storage,id=${driveId},drive=medium${index}`],
  ];
}

function pflash(code: string): string[] {
  return [
    ...["-drive", `if=pflash,unit=0,format=raw,readonly=on,file=${code}`],
    ...["-drive", `if=pflash,unit=1,format=raw,file=${own}/variables.fd`],
  ];
}

/** A comma within a value is written twice. */
function escaped(value: string): string {
  return value.replaceAll(",", ",,");
}
