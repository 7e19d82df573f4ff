// GRUB for BIOS machines, as grub-bios-setup installs it, without a real disk (GRUB 2.06, include/grub/i386/pc/boot.h
// and grub-core/boot/i386/pc/diskboot.S).

const sectorSize = 512;
/** The boot program's part of the first sector; the partition table follows. */
const bootProgramSize = 440;
// Where boot.img has the first sector of the core image.
const kernelSectorAt = 0x5c;
// Where the core image's first sector has the next one, at its end.
const blocklistAt = sectorSize - 12;

/** The two parts to write. */
export interface GrubBios {
  /** For the disk's first bytes. */
  boot: Buffer;
  /** For the sectors from `firstSector` on. */
  core: Buffer;
}

/** Adapts boot.img and grub-mkimage's core image to the sector at which the core image will be. @throws {RangeError} */
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
