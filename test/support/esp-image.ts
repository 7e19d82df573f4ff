import { mkdir, open, readFile, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hostProgram } from "./install-rig.ts";

/** Programs of the host that {@link fatFiles} and {@link espImage} call, with Debian's packages for people. */
export const espImagePrograms = ["mkfs.vfat", "mmd", "mcopy", "sfdisk"] as const;

/** A FAT file system with files by their paths ("EFI/BOOT/BOOTX64.EFI"), made by mkfs.vfat (with `flags`) and mtools. */
export async function fatFiles(
  folder: string,
  bytes: number,
  files: Record<string, string>,
  ...flags: string[]
): Promise<Buffer> {
  const path = join(folder, "esp.fat");
  await writeFile(path, "");
  await truncate(path, bytes);
  await hostProgram("mkfs.vfat", ...flags, path);
  const made = new Set<string>();
  for (const [name, content] of Object.entries(files)) {
    const parents = dirname(name) === "." ? [] : dirname(name).split("/");
    for (const [index] of parents.entries()) {
      const parent = parents.slice(0, index + 1).join("/");
      if (!made.has(parent.toLowerCase())) {
        made.add(parent.toLowerCase());
        await hostProgram("mmd", "-i", path, `::/${parent}`);
      }
    }
    const source = join(folder, "esp-file");
    await mkdir(dirname(source), { recursive: true });
    await writeFile(source, content);
    await hostProgram("mcopy", "-i", path, source, `::/${name}`);
  }
  return readFile(path);
}

/** A disk image of 16 MiB with a GPT, whose one partition, an EFI system partition of 8 MiB, is `esp` (or zeros). */
export async function espImage(folder: string, esp: Buffer): Promise<Buffer> {
  const path = join(folder, "esp-image.raw");
  await writeFile(path, "");
  await truncate(path, 16 << 20);
  await hostProgram("sh", "-c", `printf 'label: gpt\\nstart=2048, size=16384, type=uefi\\n' | sfdisk -q ${path}`);
  await using file = await open(path, "r+");
  await file.write(esp, 0, esp.length, 1 << 20);
  return readFile(path);
}

/** The headers of an EFI program; of ASCII alone, because {@link fatFiles} writes text. */
export function efiProgram({ isSigned }: { isSigned: boolean }): string {
  const head = Buffer.alloc(512);
  head.write("MZ", 0, "latin1");
  head.writeUInt32LE(0x40, 0x3c);
  head.write("PE\0\0", 0x40, "latin1");
  head.writeUInt16LE(0x20b, 0x58);
  head.writeUInt32LE(16, 0x58 + 108);
  head.writeUInt32LE(isSigned ? 4096 : 0, 0x58 + 144);
  head.writeUInt32LE(isSigned ? 1280 : 0, 0x58 + 148);
  return head.toString("latin1");
}
