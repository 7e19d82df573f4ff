// A cache in Debian's docker-registry: an installation from it, while the origin is away.
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { dockerRegistry, dockerRegistryMissing, registryAccess } from "../support/docker-registry.ts";
import { lab, must } from "../support/lab.ts";
import { waitFor } from "../support/wait.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** An image that a BIOS starts: boot code, and one active partition. */
function biosImage(): Buffer {
  const bytes = randomBytes(4 << 20);
  bytes.fill(0, 440, 512);
  bytes.set([0x80, 0, 0, 0, 0x83, 0, 0, 0], 446);
  bytes.writeUInt32LE(2048, 454);
  bytes.writeUInt32LE(bytes.length / 512 - 2048, 458);
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}

test("an image is fetched once into a registry with credentials, and installed from there; no log has them", async (context) => {
  const missing = await dockerRegistryMissing();
  context.skip(missing !== undefined, missing);
  await using registry = await dockerRegistry({ closed: true });
  await using place = await lab();
  await mkdir(place.dataDir, { recursive: true, mode: 0o700 });
  const access = join(place.dataDir, "registry-access");
  await writeFile(access, `${registryAccess.user}:${registryAccess.password}\n`, { mode: 0o600 });
  const up = await place.up(
    ...["--netboot", "127.0.0.1:0", "--cache", `oci://${registry.host}/farrier/images`, "--cache-credentials", access],
  );
  const image = biosImage();
  const { digest } = place.images.serve("plain", image);
  let isAway = false;
  let fetches = 0;
  const url = place.images.answer("system", (_request, response) => {
    fetches += isAway ? 0 : 1;
    response.writeHead(isAway ? 503 : 200).end(isAway ? "away\n" : image);
  });
  await must(place.cli("image", "add", "system", "--url", url, "--cache", "--wait"));
  await waitFor("the image to be in the cache", async () => {
    const { stdout } = await must(place.cli("image", "show", "system"));
    return /^cached +at http:/mu.test(stdout) ? true : undefined;
  });
  isAway = true;
  const machine = await place.machine("web", { diskBytes: image.length + (8 << 20) });
  machine.agent();
  await must(machine.install({ url, digest }, "--wait"));
  expect((await machine.disk()).subarray(4096, 1 << 20).equals(image.subarray(4096, 1 << 20))).toBe(true);
  expect(fetches).toBe(1);
  expect(up.stdout + up.stderr).not.toMatch(/planted-registry-password|ticket=/u);
});
