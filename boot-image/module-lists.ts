/** The sets of drivers: for QEMU's machines, for all storage and network cards, or for the tiny system. */
export type ModuleSet = "lab" | "all" | "tiny";

/**
 * Devices of QEMU's machines, file systems that an installation writes to, watchdogs, and devices with information
 * about the machine.
 */
const labModules = [
  // buses
  "virtio_pci",
  "virtio_mmio",
  "xhci_pci",
  "ehci_pci",
  "uhci_hcd",
  // disks
  "ahci",
  "ata_piix",
  "nvme",
  "sd_mod",
  "sr_mod",
  "virtio_blk",
  "virtio_scsi",
  "uas",
  "usb_storage",
  // networks
  "8021q",
  "8139cp",
  "8139too",
  "af_packet",
  "bonding",
  "e1000",
  "e1000e",
  "igb",
  "virtio_net",
  "vmxnet3",
  // file systems, with the character sets of vfat
  "efivarfs",
  "ext4",
  "nls_ascii",
  "nls_cp437",
  "nls_iso8859_1",
  "nls_utf8",
  "vfat",
  // ext4 needs this through an alias, which no dependency table has.
  "crc32c_generic",
  // watchdogs
  "i6300esb",
  "iTCO_wdt",
  "i2c_i801",
  // entropy, BMC and TPM
  "virtio_rng",
  "ipmi_devintf",
  "ipmi_si",
  "tpm_crb",
  "tpm_tis",
] as const;

/** Disks and networks of QEMU's machines, and the file system of an installation's seed. */
const tinyModules = [
  "af_packet",
  "ahci",
  "ata_piix",
  "e1000",
  "nls_ascii",
  "nls_cp437",
  "nls_utf8",
  "nvme",
  "sd_mod",
  "vfat",
  "virtio_blk",
  "virtio_net",
  "virtio_pci",
  "virtio_scsi",
] as const;

/** Below these folders of the kernel's modules, `all` takes everything. */
const fullFolders = [
  "drivers/ata/",
  "drivers/block/",
  "drivers/char/hw_random/",
  "drivers/char/ipmi/",
  "drivers/char/tpm/",
  "drivers/hv/",
  "drivers/message/",
  "drivers/mmc/",
  "drivers/net/ethernet/",
  "drivers/net/hyperv/",
  "drivers/net/mdio/",
  "drivers/net/phy/",
  "drivers/net/usb/",
  "drivers/net/vmxnet3/",
  "drivers/nvdimm/",
  "drivers/nvme/",
  "drivers/pci/",
  "drivers/scsi/",
  "drivers/ufs/",
  "drivers/usb/host/",
  "drivers/usb/storage/",
  "drivers/virtio/",
  "drivers/watchdog/",
] as const;
// Storage on other machines, and virtual devices.
const notHardware =
  /\/(?:aoe|brd|drbd|loop|nbd|null_blk|rbd|zram|ublk_drv|rnbd-\w+|scsi_debug|nvme-(?:tcp|rdma|fc|fcloop|loop)|nvmet\w*|softdog|fcoe|libfcoe|pcmcia)(?:\.ko|\/)|\/pcmcia\//u;

/** The kernel's name of a module, from its file: "kernel/drivers/net/8139cp.ko.xz" → "8139cp". */
export function moduleName(path: string): string {
  return path
    .slice(path.lastIndexOf("/") + 1)
    .replace(/\.ko(?:\.\w+)?$/u, "")
    .replaceAll("-", "_");
}

/** The modules of the set, without their dependencies; `paths` are all that exist. */
export function modulesWanted(set: ModuleSet, paths: readonly string[]): string[] {
  const named = new Set(namesOf(set).map((name) => name.replaceAll("-", "_")));
  return paths.filter((path) => named.has(moduleName(path)) || (set === "all" && isFull(path)));
}

function namesOf(set: ModuleSet): readonly string[] {
  return set === "tiny" ? tinyModules : labModules;
}

function isFull(path: string): boolean {
  return fullFolders.some((folder) => path.startsWith(`kernel/${folder}`)) && !notHardware.test(path);
}

/** Modules of the set that are neither a file nor built into the kernel. */
export function modulesMissing(set: ModuleSet, paths: readonly string[], builtin: readonly string[]): string[] {
  const there = new Set([...paths, ...builtin].map(moduleName));
  return namesOf(set).filter((name) => !there.has(name.replaceAll("-", "_")));
}
