import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { waitFor } from "../../../test/support/wait.ts";
import { browserPrograms } from "./browser-open.ts";
import { linkDirectory, linkFileWrite } from "./link-file.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-link-file-"));
});
afterAll(() => rm(directory, { recursive: true }));

const link = "http://127.0.0.1:8080/console/#code=abc";

test("the file is this user's alone, leads to the link, and is deleted after its time", async () => {
  const into = join(directory, "new", "farrier");
  const path = await linkFileWrite(into, link, 1);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(into)).mode & 0o777).toBe(0o700);
  expect(await readFile(path, "utf8")).toContain(`content="0; url=${link}"`);
  expect(path).not.toContain("abc");
  await waitFor("the file to be deleted", async () => (await readdir(into)).length === 0);
});

test("what earlier calls left behind is deleted, other files are not", async () => {
  const old = join(directory, `console-${"0".repeat(32)}.html`);
  const other = join(directory, "console-notes.html");
  for (const path of [old, other]) {
    await writeFile(path, "");
    await utimes(path, 1, 1);
  }
  const path = await linkFileWrite(directory, link, 1);
  const names = await readdir(directory);
  expect(names).toContain("console-notes.html");
  expect(names).toContain(path.slice(directory.length + 1));
  expect(names).not.toContain(`console-${"0".repeat(32)}.html`);
});

test.each<[Record<string, string>, NodeJS.Platform, string[][]]>([
  [{}, "linux", []],
  [{ DISPLAY: ":0" }, "linux", [["xdg-open", "/f"]]],
  [{ WAYLAND_DISPLAY: "wayland-0" }, "linux", [["xdg-open", "/f"]]],
  [{}, "darwin", [["open", "/f"]]],
  [{ BROWSER: "firefox" }, "linux", [["firefox", "/f"]]],
  [
    { BROWSER: "firefox -P work %s:chromium" },
    "linux",
    [
      ["firefox", "-P", "work", "/f"],
      ["chromium", "/f"],
    ],
  ],
])("with %j on %s the browsers tried are %j", (env, platform, programs) => {
  expect(browserPrograms(env, platform, "/f")).toEqual(programs);
});

test("the directory is the user's at run time, or else the data directory", () => {
  expect(linkDirectory("/data", { XDG_RUNTIME_DIR: "/run/user/1000" })).toBe("/run/user/1000/farrier");
  expect(linkDirectory("/data", {})).toBe("/data");
});
