// Names of partition types. GUIDs: UEFI 2.10, 5.3.3, and the Discoverable Partitions Specification
// (https://uapi-group.org/specifications/specs/discoverable_partitions_specification/). Codes: util-linux, pt-mbr-partnames.h.

/** What is known of a partition's type. */
export interface PartitionType {
  /** For people. */
  name: string;
  /** The system that has its root file system in such a partition. */
  rootOf?: "x86_64" | "aarch64";
}

const gpt: Readonly<Record<string, PartitionType>> = {
  "c12a7328-f81f-11d2-ba4b-00a0c93ec93b": { name: "EFI system" },
  "21686148-6449-6e6f-744e-656564454649": { name: "BIOS boot" },
  "0fc63daf-8483-4772-8e79-3d69d8477de4": { name: "Linux" },
  "4f68bce3-e8cd-4db1-96e7-fbcaf984b709": { name: "Linux root (x86-64)", rootOf: "x86_64" },
  "b921b045-1df0-41c3-af44-4c6f280d3fae": { name: "Linux root (ARM64)", rootOf: "aarch64" },
  "bc13c2ff-59e6-4262-a352-b275fd6f7172": { name: "Linux extended boot" },
  "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f": { name: "Linux swap" },
  "e6d6d379-f507-44c2-a23c-238f2a3df928": { name: "Linux LVM" },
  "ca7d7ccb-63ed-4c53-861c-1742536059cc": { name: "LUKS" },
  "a19d880f-05fc-4d3b-a006-743f0f84911e": { name: "Linux RAID" },
  "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7": { name: "Microsoft basic data" },
  "e3c9e316-0b5c-4db8-817d-f92df00215ae": { name: "Microsoft reserved" },
  "de94bba4-06d1-4d40-a16a-bfd50179d6ac": { name: "Windows recovery" },
  "516e7cb6-6ecf-11d6-8ff8-00022d09712b": { name: "FreeBSD UFS" },
  "516e7cba-6ecf-11d6-8ff8-00022d09712b": { name: "FreeBSD ZFS" },
  "83bd6b9d-7f41-11dc-be0b-001560b84f0f": { name: "FreeBSD boot" },
};

const mbr: Readonly<Record<number, string>> = {
  0x05: "extended",
  0x07: "NTFS or exFAT",
  0x0b: "FAT32",
  0x0c: "FAT32",
  0x0f: "extended",
  0x82: "Linux swap",
  0x83: "Linux",
  0x8e: "Linux LVM",
  0xa5: "FreeBSD",
  0xee: "GPT protective",
  0xef: "EFI system",
  0xfd: "Linux RAID",
};

/** The type of a GPT's partition by its GUID in lower case; an unknown GUID is its own name. Pure. */
export function gptPartitionType(guid: string): PartitionType {
  return gpt[guid] ?? { name: guid };
}

/** The type of an MBR's partition by its code. Pure. */
export function mbrPartitionType(code: number): PartitionType {
  return { name: mbr[code] ?? `0x${code.toString(16).padStart(2, "0")}` };
}
