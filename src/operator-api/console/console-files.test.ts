import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ConsoleMissing, consoleFiles, type ConsoleFiles } from "./console-files.ts";
import { consoleListName } from "./console-list.ts";

let folder: string;
let files: ConsoleFiles;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-console-files-"));
  await mkdir(join(folder, "assets"));
  files = consoleFiles([pathToFileURL(`${join(folder, "none")}/`), pathToFileURL(`${folder}/`)]);
});
afterEach(async () => await rm(folder, { recursive: true }));

async function built(script: string, at = new Date()): Promise<void> {
  for (const [name, text] of [
    ["index.html", "<!doctype html>"],
    ["assets/a-12345678.js", script],
    ["assets/a-12345678.js.br", `br ${script}`],
    ["assets/a-12345678.js.gz", `gz ${script}`],
    [
      consoleListName,
      JSON.stringify({
        sources: script,
        files: {
          "index.html": { type: "text/html", bytes: 15 },
          "assets/a-12345678.js": { type: "text/javascript", bytes: 1, br: 1, gz: 1 },
        },
      }),
    ],
  ] as const) {
    await writeFile(join(folder, name), text);
  }
  await utimes(join(folder, consoleListName), at, at);
}

const read = async (path: string, ...accepted: string[]): Promise<[string | undefined, string | undefined]> => {
  const content = await files.read(path, new Set(accepted));
  return [content?.encoding, content === undefined ? undefined : Buffer.from(content.bytes).toString()];
};

test("a file comes as the caller takes it: Brotli, else gzip, else as it is", async () => {
  await built("one");
  const path = "assets/a-12345678.js";
  expect(await read(path, "gzip", "br")).toEqual(["br", "br one"]);
  expect(await read(path, "gzip")).toEqual(["gzip", "gz one"]);
  expect(await read(path)).toEqual(["identity", "one"]);
  expect(await read("index.html", "br")).toEqual(["identity", "<!doctype html>"]);
});

test("each form has a tag of its own; only what is named by its content is kept for ever", async () => {
  await built("one");
  const path = "assets/a-12345678.js";
  const [plain, packed, page] = [
    await files.read(path, new Set()),
    await files.read(path, new Set(["br"])),
    await files.read("index.html", new Set()),
  ];
  expect(plain?.etag).toMatch(/^"[\w-]{22}"$/u);
  expect(packed?.etag).not.toBe(plain?.etag);
  expect([plain?.immutable, page?.immutable]).toEqual([true, false]);
});

test.each(["../console.json", "assets/../index.html", "console.json", "__proto__", "constructor", "", "assets/"])(
  "%j is no file of the console, whatever is in the folder",
  async (path) => {
    await built("one");
    expect(await files.read(path, new Set(["br", "gzip"]))).toBeUndefined();
  },
);

test("a console that is built while the server runs is noticed, and a missing console is said to be missing", async () => {
  await expect(files.read("index.html", new Set())).rejects.toThrow(ConsoleMissing);
  await built("one", new Date("2026-01-01T00:00:00Z"));
  expect(await read("assets/a-12345678.js")).toEqual(["identity", "one"]);
  await built("two", new Date("2026-01-01T00:00:01Z"));
  expect(await read("assets/a-12345678.js")).toEqual(["identity", "two"]);
});
