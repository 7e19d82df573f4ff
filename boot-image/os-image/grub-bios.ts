// GRUB on a disk of BIOS machines, as grub-bios-setup writes it, without a disk to run it on (GRUB 2.06,
// include/grub/i386/pc/boot.h and grub-core/boot/i386/pc/diskboot.S).

const sectorSize = 512;
/** The boot program's part of the first sector; the partition table's copy for BIOS is behind it. */
const bootProgramSize = 440;
// Where boot.img is told the first sector of the core.
const kernelSectorAt = 0x5c;
// Where the core's own first sector is told the next one, at its end.
const blocklistAt = sectorSize - 12;

/** The two parts that are written, and where. */
export interface GrubBios {
  /** For the disk's first bytes. */
  boot: Buffer;
  /** For the sectors from the one that was given. */
  core: Buffer;
}

/** Fits boot.img and the core that grub-mkimage made to the sector at which the core will lie. @throws {RangeError} */
export function grubBiosFit(bootImage: Buffer, coreImage: Buffer, firstSector: number): GrubBios {
  if (bootImage.length !== sectorSize || coreImage.length <= sectorSize) {
    throw new RangeError(
      `boot.img has ${bootImage.length} bytes and the core ${coreImage.length}: these are not GRUB's`,
    );
  }
  const boot = Buffer.from(bootImage.subarray(0, bootProgramSize));
  boot.writeBigUInt64LE(BigInt(firstSector), kernelSectorAt);
  const core = Buffer.from(coreImage);
  core.writeBigUInt64LE(BigInt(firstSector + 1), blocklistAt);
  return { boot, core };
}
