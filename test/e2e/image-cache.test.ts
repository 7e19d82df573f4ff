// A cached image reaches machines while its origin is away, by URLs that no log has in it.
import { readdir, readFile, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { biosImage } from "../support/bios-image.ts";
import type { ServingFarrier } from "../support/farrier-process.ts";
import { lab, type Lab, must } from "../support/lab.ts";
import { waitFor } from "../support/wait.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let place: Lab;
let up: ServingFarrier;
let image: Buffer;
let url: string;
let digest: string;
let fetches = 0;
let isAway = false;

beforeAll(async () => {
  place = await lab();
  up = await place.up("--netboot", "127.0.0.1:0");
  image = biosImage();
  ({ digest } = place.images.serve("plain", image));
  url = place.images.answer("system?key=planted-origin-key", (_request, response) => {
    fetches += isAway ? 0 : 1;
    response.writeHead(isAway ? 503 : 200).end(isAway ? "away\n" : image);
  });
});
afterAll(() => place[Symbol.asyncDispose]());

const cached = (): Promise<string> =>
  waitFor("the image to be in the cache", async () => {
    const { stdout } = await must(place.cli("image", "show", "system"));
    return /^cached +at http:/mu.test(stdout) ? stdout : undefined;
  });

const stored = async (): Promise<string> => {
  const folder = join(place.dataDir, "cache", "files");
  const [name = ""] = await readdir(folder);
  return join(folder, name);
};

test("an installation from the cache, while the origin is away; no log has its URL", async () => {
  await must(place.cli("image", "add", "system", "--url", url, "--cache", "--wait"));
  await cached();
  expect(fetches).toBe(1);
  isAway = true;
  const machine = await place.machine("web", { diskBytes: image.length + (8 << 20) });
  const agent = machine.agent();
  await must(machine.install({ url, digest }, "--wait"));
  expect((await machine.disk()).subarray(4096, 1 << 20).equals(image.subarray(4096, 1 << 20))).toBe(true);
  const said = [up, agent].map((process) => process.stdout + process.stderr).join("\n");
  expect(said).not.toMatch(/ticket=|planted-origin-key/u);
  expect((await must(place.cli("machine", "log", "web"))).stdout).not.toMatch(/ticket=|planted-origin-key/u);
});

test("an altered file and a deleted one are noticed, and fetched again from the origin", async () => {
  isAway = false;
  for (const harm of [
    async (path: string) => {
      await writeFile(path, Buffer.alloc(image.length, 1));
      await utimes(path, new Date(0), new Date(0));
    },
    async (path: string) => await truncate(path, 0),
  ]) {
    const before = fetches;
    await harm(await stored());
    await up.end("SIGTERM");
    up = await place.up("--netboot", "127.0.0.1:0");
    await cached();
    expect((await readFile(await stored())).equals(image)).toBe(true);
    expect(fetches).toBe(before + 1);
  }
});
