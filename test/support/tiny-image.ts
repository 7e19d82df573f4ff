import { mkdtemp, readFile, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { tinyImageBuild } from "../../boot-image/os-image/tiny.ts";

const built = new Map<string, Promise<Buffer>>();

/** The tiny system's disk image for that firmware, packed: on its console it tells the user data of its seed. */
export function tinyImage(firmware: "uefi" | "bios"): Promise<Buffer> {
  const there = built.get(firmware) ?? build(firmware);
  built.set(firmware, there);
  return there;
}

async function build(firmware: "uefi" | "bios"): Promise<Buffer> {
  const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "farrier");
  const folder = await mkdtemp(join(tmpdir(), "farrier-tiny-"));
  try {
    const { file } = await tinyImageBuild({ firmware, out: join(folder, "tiny.raw.zst"), cache, tell: () => {} });
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
