// Words for SMBIOS' numbers (DSP0134); "" for "other", "unknown" and undefined numbers.

// 7.4.1
const chassisKinds = [
  ...["desktop", "low-profile desktop", "pizza box", "mini tower", "tower", "portable", "laptop", "notebook"],
  ...["hand-held", "docking station", "all in one", "sub-notebook", "space-saving", "lunch box", "main server"],
  ...[
    "expansion",
    "sub-chassis",
    "bus expansion",
    "peripheral",
    "RAID",
    "rack mount",
    "sealed-case PC",
    "multi-system",
  ],
  ...["CompactPCI", "AdvancedTCA", "blade", "blade enclosure", "tablet", "convertible", "detachable", "IoT gateway"],
  ...["embedded PC", "mini PC", "stick PC"],
];

/** A chassis type, 3 = desktop; the top bit says whether it has a lock. */
export function chassisKind(value: number): string {
  return chassisKinds[(value & 0x7f) - 3] ?? "";
}

// 7.18.1
const formFactors = [
  ...["SIMM", "SIP", "chip", "DIP", "ZIP", "proprietary card", "DIMM", "TSOP", "row of chips", "RIMM", "SODIMM"],
  ...["SRIMM", "FB-DIMM", "die", "CAMM"],
];

/** A memory device's form factor, 3 = SIMM. */
export function memoryFormFactor(value: number): string {
  return formFactors[value - 3] ?? "";
}

// 7.18.2
const memoryKinds: Readonly<Record<number, string>> = {
  0x03: "DRAM",
  0x0f: "SDRAM",
  0x11: "RDRAM",
  0x12: "DDR",
  0x13: "DDR2",
  0x14: "DDR2 FB-DIMM",
  0x18: "DDR3",
  0x19: "FBD2",
  0x1a: "DDR4",
  0x1b: "LPDDR",
  0x1c: "LPDDR2",
  0x1d: "LPDDR3",
  0x1e: "LPDDR4",
  0x1f: "non-volatile",
  0x20: "HBM",
  0x21: "HBM2",
  0x22: "DDR5",
  0x23: "LPDDR5",
  0x24: "HBM3",
};

/** A memory device's type. */
export function memoryKind(value: number): string {
  return memoryKinds[value] ?? "";
}

// 7.18.6; 3 = DRAM
const memoryTechnologies: Readonly<Record<number, string>> = {
  4: "NVDIMM-N",
  5: "NVDIMM-F",
  6: "NVDIMM-P",
  7: "Optane persistent memory",
};

/** The technology of a memory device that keeps its content without power; "" for DRAM. */
export function memoryTechnology(value: number): string {
  return memoryTechnologies[value] ?? "";
}

// 7.17.3
const errorCorrections = ["none", "parity", "single-bit ECC", "multi-bit ECC", "CRC"];

/** A memory array's error correction, 3 = none. */
export function memoryErrorCorrection(value: number): string {
  return errorCorrections[value - 3] ?? "";
}

// 7.39.1
const bmcInterfaces = ["KCS", "SMIC", "BT", "SSIF"];

/** A management controller's interface, 1 = KCS. */
export function bmcInterface(value: number): string {
  return bmcInterfaces[value - 1] ?? "";
}
