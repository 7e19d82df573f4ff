import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keyFileAdd, keyFileEnsure, keyFileRead } from "./key-file.ts";
import { testSecretsKey } from "./testing/key-ring.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-key-file-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ids = (keys: readonly { id: string }[] | undefined): string[] | undefined => keys?.map(({ id }) => id);

test("one is made where there is none, 0600, once however many make it at a time", async () => {
  const path = join(folder, "new", "secrets-key");
  expect(await keyFileRead(path)).toBeUndefined();
  const made = await Promise.all([1, 2, 3, 4].map(() => keyFileEnsure(path)));
  expect(new Set(made.map((keys) => ids(keys)?.join())).size).toBe(1);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(ids(await keyFileEnsure(path))).toEqual(ids(made[0]));
});

test("a key is added as the last one, and those before it stay", async () => {
  const path = join(folder, "added");
  const before = await keyFileEnsure(path);
  const added = await keyFileAdd(path);
  expect(ids(await keyFileRead(path))).toEqual([...(ids(before) ?? []), added.id]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("lines of comments, empty lines and CRLF do not matter", async () => {
  const path = join(folder, "crlf");
  const [key] = await keyFileEnsure(path);
  await writeFile(path, `# copied by hand\r\n\r\n${(await readFile(path, "utf8")).replaceAll("\n", "\r\n")}`);
  expect(ids(await keyFileRead(path))).toEqual([key?.id]);
});

const line = (bytes: Uint8Array): string => `farrier-secrets-key-1 ${Buffer.from(bytes).toString("base64")}\n`;
const { bytes: key } = testSecretsKey();

test.each<[string, (path: string) => Promise<unknown>, RegExp]>([
  ["empty", (path) => writeFile(path, "", { mode: 0o600 }), /holds no key: expected lines of/u],
  ["only a comment", (path) => writeFile(path, "# none\n", { mode: 0o600 }), /holds no key/u],
  ["a short key", (path) => writeFile(path, line(key.subarray(0, 16)), { mode: 0o600 }), /has a line that is no key/u],
  ["a key cut off", (path) => writeFile(path, line(key).slice(0, 50), { mode: 0o600 }), /has a line that is no key/u],
  ["32 bytes alone", (path) => writeFile(path, key, { mode: 0o600 }), /no key/u],
  ["another file", (path) => writeFile(path, "-----BEGIN PRIVATE KEY-----\n", { mode: 0o600 }), /line that is no key/u],
  ["a great file", (path) => writeFile(path, Buffer.alloc(1 << 20), { mode: 0o600 }), /has 1048576 bytes/u],
  ["a directory", (path) => mkdir(path, { mode: 0o700 }), /is a directory/u],
  ["a device", (path) => symlink("/dev/zero", path), /is no regular file/u],
  ["a link in a circle", (path) => symlink(path, path), /can't be read \(ELOOP\)/u],
])("%s is refused, and said what was expected", async (what, make, message) => {
  const path = join(folder, what.replaceAll(" ", "-"));
  await make(path);
  await expect(keyFileRead(path)).rejects.toMatchObject({ code: "key_file", message: expect.stringMatching(message) });
  await expect(keyFileEnsure(path)).rejects.toMatchObject({ code: "key_file" });
  await expect(keyFileRead(path)).rejects.not.toThrow(Buffer.from(key).toString("base64").slice(0, 8));
});

test.each([0o640, 0o604, 0o644, 0o620, 0o602])("mode %o is refused with the command that closes it", async (mode) => {
  const path = join(folder, `mode-${mode.toString(8)}`);
  await keyFileEnsure(path);
  await chmod(path, mode);
  await expect(keyFileRead(path)).rejects.toThrow(`Close it with chmod 600 ${path}`);
});

test("a place where no file can be made is named", async () => {
  await expect(keyFileEnsure("/proc/farrier/secrets-key")).rejects.toThrow(
    /\/proc\/farrier\/secrets-key can't be written \(ENOENT\)/u,
  );
});
