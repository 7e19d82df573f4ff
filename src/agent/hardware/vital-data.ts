// Pages of vital product data, which the kernel reads from SCSI and ATA disks (SPC-4, 7.8; SAT-3, 12.4.2).
import { cleanText } from "../errors.ts";
import { textLimit } from "./tree.ts";

/** An ATA disk's identity (ACS-3, 7.12: IDENTIFY DEVICE). */
export interface AtaIdentity {
  model: string;
  serialNumber: string;
  firmwareVersion: string;
  /** 8 bytes; empty means none. */
  wwn: Buffer;
}

const identifyAt = 60;
const identifyBytes = 512;

/** Page 89h, "ATA information": the disk's identity is at byte 60. Undefined if the page is too short. Pure. */
export function ataIdentity(page: Buffer): AtaIdentity | undefined {
  const data = page.subarray(identifyAt, identifyAt + identifyBytes);
  if (page[1] !== 0x89 || data.length < identifyBytes) {
    return undefined;
  }
  const word = (number: number): number => data.readUInt16LE(number * 2);
  const wwn = Buffer.concat([108, 109, 110, 111].map((number) => swapped(data.subarray(number * 2, number * 2 + 2))));
  return {
    serialNumber: swappedText(data.subarray(20, 40)),
    firmwareVersion: swappedText(data.subarray(46, 54)),
    model: swappedText(data.subarray(54, 94)),
    // Word 87: bit 14 set and 15 clear = the word is valid; bit 8 = there is a world-wide name.
    wwn: (word(87) & 0xc100) === 0x4100 && wwn.some((byte) => byte !== 0) ? wwn : Buffer.alloc(0),
  };
}

/** In ATA's strings the two bytes of each word are swapped. */
function swappedText(bytes: Buffer): string {
  return cleanText(swapped(bytes).toString("latin1"), textLimit);
}

function swapped(bytes: Buffer): Buffer {
  return Buffer.from(bytes).swap16();
}

/** Page 80h: a header of 4 bytes, then the serial number in ASCII. Pure. */
export function unitSerialNumber(page: Buffer): string {
  return page.length <= 4 ? "" : cleanText(page.subarray(4).toString("latin1"), textLimit);
}

/** A designator in page 83h that names the disk itself. */
export interface Designator {
  /** 0 = vendor specific, 1 = T10, 2 = EUI-64, 3 = NAA, 8 = SCSI name. */
  type: number;
  /** 1 = binary, 2 = ASCII, 3 = UTF-8. */
  codeSet: number;
  value: Buffer;
}

const designatorLimit = 64;

/** Page 83h: a header of 4 bytes, then designators. Pure. */
export function designators(page: Buffer): Designator[] {
  const found: Designator[] = [];
  const end = page.length < 4 ? 0 : Math.min(page.length, 4 + page.readUInt16BE(2));
  for (let at = 4; at + 4 <= end && found.length < designatorLimit;) {
    const [codes = 0, kind = 0, , length = 0] = page.subarray(at, at + 4);
    const value = page.subarray(at + 4, Math.min(at + 4 + length, end));
    // Association: 0 = the logical unit, others = its port or target.
    if ((kind & 0x30) === 0 && value.length > 0) {
      found.push({ type: kind & 0x0f, codeSet: codes & 0x0f, value });
    }
    at += 4 + length;
  }
  return found;
}
