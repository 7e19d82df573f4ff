import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { secretFileRead } from "./secret-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-secret-file-"));
});
afterAll(() => rm(folder, { recursive: true }));

test.each([
  ["calvin", "calvin"],
  ["calvin\n", "calvin"],
  ["calvin\r\n", "calvin"],
  ["calvin\n\n", "calvin\n"],
  ["calvin\r", "calvin\r"],
  [" calvin ", " calvin "],
])("of %j one line end is cut off", async (text, secret) => {
  await writeFile(join(folder, "secret"), text);
  expect(Buffer.from(await secretFileRead("--secret-file", join(folder, "secret"))).toString()).toBe(secret);
});

test.each<[string, string, RegExp]>([
  ["empty", "", /is empty: expected the secret/u],
  ["a line end alone", "\r\n", /is empty/u],
  ["1 MiB", "calvin".repeat(175_000), /has more than 65536 bytes/u],
])("%s is refused, without any of it", async (_what, text, message) => {
  await writeFile(join(folder, "secret"), text);
  const refused = secretFileRead("--secret-file", join(folder, "secret"));
  await expect(refused).rejects.toThrow(message);
  await expect(refused).rejects.not.toThrow("calvin");
});

test("what can't be read, and what has no end, is refused", async () => {
  await expect(secretFileRead("--secret-file", join(folder, "none"))).rejects.toThrow(/can't be read \(ENOENT\)/u);
  await expect(secretFileRead("--secret-file", folder)).rejects.toThrow(/can't be read \(EISDIR\)/u);
  await expect(secretFileRead("--secret-file", "/dev/zero")).rejects.toThrow(/has more than 65536 bytes/u);
});
