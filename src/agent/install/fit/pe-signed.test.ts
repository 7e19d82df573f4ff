import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { peHeaderBytes, peIsSigned } from "./pe-signed.ts";

/** The headers of a program for x86-64 (PE32+), or of a 32-bit one. */
function program(certificate: { at: number; bytes: number }, { is32 = false, directories = 16 } = {}): Buffer {
  const head = Buffer.alloc(512);
  head.write("MZ", 0, "latin1");
  head.writeUInt32LE(0x80, 0x3c);
  head.write("PE\0\0", 0x80, "latin1");
  const optional = 0x80 + 24;
  head.writeUInt16LE(is32 ? 0x10b : 0x20b, optional);
  const table = optional + (is32 ? 96 : 112);
  head.writeUInt32LE(directories, table - 4);
  head.writeUInt32LE(certificate.at, table + 32);
  head.writeUInt32LE(certificate.bytes, table + 36);
  return head;
}

const some = { at: 90_000, bytes: 1500 };

test.each<[string, Buffer, boolean | undefined]>([
  ["with a certificate table", program(some), true],
  ["for 32 bits, with one", program(some, { is32: true }), true],
  ["with an empty one", program({ at: 0, bytes: 0 }), false],
  ["with fewer directories than that", program(some, { directories: 4 }), false],
  ["that is cut off", program(some).subarray(0, 0x90), undefined],
  ["that is only a mark", Buffer.from("MZ"), undefined],
  ["that is none", Buffer.alloc(4096, "x"), undefined],
  ["that is empty", Buffer.alloc(0), undefined],
])("a program %s", (_what, head, expected) => {
  expect(peIsSigned(head)).toBe(expected);
});

test("a header beyond the end, or before the file, is no program", () => {
  const head = program(some);
  head.writeUInt32LE(0xffff_fff0, 0x3c);
  expect(peIsSigned(head)).toBeUndefined();
});

test.for([
  ["/usr/lib/shim/shimx64.efi.signed", "shim-signed", true],
  ["/usr/lib/systemd/boot/efi/linuxx64.efi.stub", "systemd-boot-efi", false],
] as const)("Debian's own %s", async ([path, name, expected], context) => {
  const file = await readFile(path).catch(() => undefined);
  context.skip(file === undefined, `Debian's package ${name} is not installed`);
  expect(peIsSigned(file?.subarray(0, peHeaderBytes) ?? Buffer.alloc(0))).toBe(expected);
});
