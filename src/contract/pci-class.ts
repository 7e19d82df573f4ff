// Classes of PCI devices (PCI Code and ID Assignment Specification 1.11, part 1).
const classes: Readonly<Record<number, string>> = {
  0x00: "unclassified",
  0x01: "storage",
  0x02: "network",
  0x03: "display",
  0x04: "multimedia",
  0x05: "memory",
  0x06: "bridge",
  0x07: "communication",
  0x08: "system",
  0x09: "input",
  0x0a: "docking station",
  0x0b: "processor",
  0x0c: "serial bus",
  0x0d: "wireless",
  0x0e: "intelligent controller",
  0x0f: "satellite",
  0x10: "encryption",
  0x11: "signal processing",
  0x12: "accelerator",
  0x13: "instrumentation",
};

const subclasses: Readonly<Record<number, string>> = {
  0x0101: "IDE",
  0x0104: "RAID",
  0x0106: "SATA",
  0x0107: "SAS",
  0x0108: "NVMe",
  0x0200: "Ethernet",
  0x0207: "InfiniBand",
  0x0300: "VGA",
  0x0302: "3D",
  0x0600: "host bridge",
  0x0601: "ISA bridge",
  0x0604: "PCI bridge",
  0x0c03: "USB",
  0x0c04: "Fibre Channel",
  0x0c05: "SMBus",
};

/** The name of a device's class (24 bits: class, subclass, programming interface), such as "NVMe" or "network". */
export function pciClassName(code: number): string {
  return subclasses[code >>> 8] ?? classes[code >>> 16] ?? `class ${code.toString(16).padStart(6, "0")}`;
}

/** Whether a device is a graphics or compute card: classes 03 and 12. */
export function isGraphics(code: number): boolean {
  return code >>> 16 === 0x03 || code >>> 16 === 0x12;
}
