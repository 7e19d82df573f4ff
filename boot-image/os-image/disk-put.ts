import { open } from "node:fs/promises";

/** Writes into an existing file, at an offset in bytes. */
export async function put(file: string, offset: number, data: Buffer): Promise<void> {
  await using handle = await open(file, "r+");
  await handle.write(data, 0, data.length, offset);
}
