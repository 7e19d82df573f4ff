import { BlockDevice_Protocol, EFISupport, SecureBoot } from "../../../gen/cloud/agent/api/hardware_pb.ts";

type KnownProtocol = Exclude<BlockDevice_Protocol, 0>;

/** Disks' protocols, as a selector of a disk names them. */
export const protocolWords = {
  [BlockDevice_Protocol.SCSI]: "scsi",
  [BlockDevice_Protocol.ATA]: "ata",
  [BlockDevice_Protocol.NVME]: "nvme",
  [BlockDevice_Protocol.MMC]: "mmc",
} as const satisfies Record<KnownProtocol, string>;

/** Disks' protocols, as their specifications write them. */
export const protocolNames = {
  [BlockDevice_Protocol.SCSI]: "SCSI",
  [BlockDevice_Protocol.ATA]: "ATA",
  [BlockDevice_Protocol.NVME]: "NVMe",
  [BlockDevice_Protocol.MMC]: "MMC",
} as const satisfies Record<KnownProtocol, string>;

/** EFI support, as the value of a field of that name. */
export const efiSupportWords = {
  [EFISupport.EFI_SUPPORT_UNKNOWN]: "unknown",
  [EFISupport.EFI_SUPPORT_UNSUPPORTED]: "unsupported",
  [EFISupport.EFI_SUPPORT_SUPPORTED]: "supported",
  [EFISupport.EFI_SUPPORT_ENABLED]: "enabled",
} as const satisfies Record<Exclude<EFISupport, 0>, string>;

/** EFI support, told by itself; nothing where it is not known. */
export const efiSupportSentences = {
  [EFISupport.EFI_SUPPORT_UNKNOWN]: "",
  [EFISupport.EFI_SUPPORT_UNSUPPORTED]: "BIOS",
  [EFISupport.EFI_SUPPORT_SUPPORTED]: "booted by BIOS, could by UEFI",
  [EFISupport.EFI_SUPPORT_ENABLED]: "booted by UEFI",
} as const satisfies Record<Exclude<EFISupport, 0>, string>;

/** Secure boot, as the value of a field of that name. */
export const secureBootWords = {
  [SecureBoot.UNKNOWN]: "unknown",
  [SecureBoot.UNSUPPORTED]: "unsupported",
  [SecureBoot.DISABLED]: "disabled",
  [SecureBoot.ENABLED]: "enabled",
  [SecureBoot.SETUP]: "in setup mode",
} as const satisfies Record<Exclude<SecureBoot, 0>, string>;

/** Secure boot, told by itself; nothing where there is none. */
export const secureBootSentences = {
  [SecureBoot.UNKNOWN]: "",
  [SecureBoot.UNSUPPORTED]: "",
  [SecureBoot.DISABLED]: "secure boot off",
  [SecureBoot.ENABLED]: "secure boot on",
  [SecureBoot.SETUP]: "secure boot in setup mode",
} as const satisfies Record<Exclude<SecureBoot, 0>, string>;
