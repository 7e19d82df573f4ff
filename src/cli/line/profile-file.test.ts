import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CliError } from "../errors.ts";
import { profileFileRead } from "./profile-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-profile-file-"));
});
afterAll(() => rm(folder, { recursive: true }));

test.each([
  ["an alias that goes nowhere", "name: *nowhere\n", /Unresolved alias/u],
  [
    "aliases that grow without end",
    `a: &a [x, x, x, x, x, x, x, x, x, x]\n${["b", "c", "d"]
      .map((name, at) => `${name}: &${name} [${Array(10).fill(`*${"abc"[at]}`).join(", ")}]`)
      .join("\n")}\n`,
    /alias count/u,
  ],
  ["what is no YAML", "name: [\n", /-f .*web\.yaml: /u],
])("%s is a mistake in the file, with the file's name", async (_what, text, expected) => {
  const path = join(folder, "web.yaml");
  await writeFile(path, text);
  const error: unknown = await profileFileRead(path).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CliError);
  expect(error).toMatchObject({ code: "usage", message: expect.stringMatching(expected) });
  expect(String(error)).toContain(`-f ${path}: `);
});
