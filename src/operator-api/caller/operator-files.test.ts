import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { operatorAddressFile, operatorAddressWrite, operatorTokenEnsure, operatorTokenFile } from "./operator-files.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-operator-files-"));
});
afterEach(() => rm(directory, { recursive: true }));

test("twenty that start at once get the same token, kept for this user alone", async () => {
  const data = join(directory, "data");
  const tokens = await Promise.all(Array.from({ length: 20 }, () => operatorTokenEnsure(data)));
  expect(new Set(tokens).size).toBe(1);
  expect(tokens[0]).toMatch(/^frr_[A-Za-z0-9_-]{43}$/u);
  expect(await operatorTokenEnsure(data)).toBe(tokens[0]);
  expect((await stat(join(data, operatorTokenFile))).mode & 0o777).toBe(0o600);
  expect((await stat(data)).mode & 0o777).toBe(0o700);
  expect(await readdir(data)).toEqual([operatorTokenFile]);
});

test("what an earlier token began is void once it is removed; a token that is there voids nothing", async () => {
  let voided = 0;
  const made = async (): Promise<void> => {
    voided += 1;
  };
  await operatorTokenEnsure(directory, made);
  await operatorTokenEnsure(directory, made);
  expect(voided).toBe(1);
  await rm(join(directory, operatorTokenFile));
  await operatorTokenEnsure(directory, made);
  expect(voided).toBe(2);
});

test.each(["", "secret", "frr_short\n"])("a token file that holds %j is refused, and left as it is", async (text) => {
  const path = join(directory, operatorTokenFile);
  await writeFile(path, text);
  await expect(operatorTokenEnsure(directory)).rejects.toThrow(/holds no token .* remove the file/u);
  expect(await readFile(path, "utf8")).toBe(text);
});

test("the address is replaced as a whole", async () => {
  await operatorAddressWrite(directory, "http://127.0.0.1:8080");
  await operatorAddressWrite(directory, "http://127.0.0.1:9090");
  expect(await readFile(join(directory, operatorAddressFile), "utf8")).toBe("http://127.0.0.1:9090\n");
  expect(await readdir(directory)).toEqual([operatorAddressFile]);
});
