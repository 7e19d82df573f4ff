import { expect, test } from "vitest";
import { grubBiosFit } from "./grub-bios.ts";
import { peWithSections } from "./pe-sections.ts";

/** A minimal 64-bit executable with one section, and space for `room` more headers. */
function executable(room: number): Buffer {
  const file = Buffer.alloc(1024 + 512, 0xcc);
  file.fill(0, 0, 1024);
  file.write("MZ", 0);
  file.writeUInt32LE(128, 0x3c);
  file.write("PE\0\0", 128, "latin1");
  file.writeUInt16LE(1, 128 + 6);
  file.writeUInt16LE(240, 128 + 20);
  file.writeUInt16LE(0x20b, 152);
  file.writeUInt32LE(512, 152 + 36);
  file.writeUInt32LE(0x3010, 152 + 56);
  file.writeUInt32LE(152 + 240 + 40 * (1 + room), 152 + 60);
  file.write(".text", 152 + 240);
  return file;
}

test("sections are put behind, on pages of their own, and the headers say so", () => {
  const added = [
    { name: ".cmdline", data: Buffer.from("quiet\0") },
    { name: ".linux", data: Buffer.alloc(5000, 7) },
  ];
  const made = peWithSections(executable(2), added);
  expect(made.readUInt16LE(128 + 6)).toBe(3);
  const sections = [1, 2].map((index) => {
    const at = 152 + 240 + 40 * index;
    return {
      name: made.toString("latin1", at, at + 8).replaceAll("\0", ""),
      size: made.readUInt32LE(at + 8),
      address: made.readUInt32LE(at + 12),
      offset: made.readUInt32LE(at + 20),
    };
  });
  expect(sections).toEqual([
    { name: ".cmdline", size: 6, address: 0x4000, offset: 1536 },
    { name: ".linux", size: 5000, address: 0x5000, offset: 2048 },
  ]);
  expect(made.toString("latin1", 1536, 1542)).toBe("quiet\0");
  expect(made.subarray(2048, 7048).every((byte) => byte === 7)).toBe(true);
  expect(made.readUInt32LE(152 + 56)).toBe(0x7000);
  expect(made.length % 512).toBe(0);
});

test("what is no such executable, or has no room, is refused", () => {
  expect(() => peWithSections(Buffer.from("#!/bin/sh"), [])).toThrow(/not a portable executable/u);
  expect(() => peWithSections(Buffer.alloc(512), [])).toThrow(/not a portable executable/u);
  expect(() => peWithSections(executable(0), [{ name: ".a", data: Buffer.alloc(1) }])).toThrow(/room for 432 bytes/u);
});

test("GRUB's two parts are told where the second lies", () => {
  const { boot, core } = grubBiosFit(Buffer.alloc(512, 1), Buffer.alloc(1024, 2), 2048);
  expect(boot).toHaveLength(440);
  expect(boot.readBigUInt64LE(0x5c)).toBe(2048n);
  expect(core.readBigUInt64LE(500)).toBe(2049n);
  expect(() => grubBiosFit(Buffer.alloc(100), Buffer.alloc(1024), 1)).toThrow(/these are not GRUB's/u);
});
