// What an installation finds odd reaches the operator, by the agent's real log and result.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { gptImage, gptImageMissing } from "../support/gpt-image.ts";
import { lab, type Lab, must } from "../support/lab.ts";
import { waitFor } from "../support/wait.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const missing = await gptImageMissing();
let place: Lab;
beforeAll(async () => {
  place = await lab();
  await place.up();
});
afterAll(() => place[Symbol.asyncDispose]());

/** What `farrier machine log NAME` shows, once a line of it matches. */
async function logged(name: string, line: RegExp): Promise<string> {
  return waitFor(`${line} in the log of ${name}`, async () => {
    const { stdout } = await must(place.cli("machine", "log", name));
    return line.test(stdout) ? stdout : undefined;
  });
}

test("nothing to grow: the installation succeeds, and the machine's log says it", async (context) => {
  context.skip(missing.length > 0, `missing on this host: ${missing.join(", ")} (Debian: gdisk, e2fsprogs)`);
  const image = await gptImage(place.folder);
  const machine = await place.machine("full", { diskBytes: image.length });
  machine.agent();
  await must(machine.install(place.images.serve("full", image), "--grow", "--wait"));
  await logged("full", /nothing to grow: partition 1 reaches the end of what is free already/u);
});

test("no place for user data: the installation fails, and its last message, history and explain say why", async () => {
  const machine = await place.machine("bare");
  const userData = join(place.folder, "user-data");
  await writeFile(userData, "#cloud-config\n{}\n");
  machine.agent();
  const image = place.images.serve("bare", Buffer.alloc(2 << 20, "no partition table "));
  const ran = await machine.install(image, "--user-data", userData, "--wait");
  const said = /the image has no GPT partition table, so there is no place for cloud-init's data/u;
  expect(ran.status).not.toBe(0);
  expect(ran.stdout + ran.stderr).toMatch(said);
  expect((await must(place.cli("machine", "history", "bare"))).stdout).toMatch(said);
  expect((await must(place.cli("machine", "show", "bare"))).stdout).toMatch(said);
  expect((await must(place.cli("machine", "explain", "bare"))).stdout).toMatch(said);
  // Nor is what the image looks like kept back.
  await logged("bare", /neither a boot sector \(55 aa\) nor a partition table/u);
});

test("a seed that does not fit behind the image's last partition is said in the same places", async (context) => {
  context.skip(missing.length > 0, `missing on this host: ${missing.join(", ")} (Debian: gdisk, e2fsprogs)`);
  const image = await gptImage(place.folder);
  const machine = await place.machine("tight", { diskBytes: image.length });
  const userData = join(place.folder, "user-data");
  await writeFile(userData, "#cloud-config\n{}\n");
  machine.agent();
  const ran = await machine.install(place.images.serve("tight", image), "--user-data", userData, "--wait");
  const said = /the partition CIDATA takes 8388608 bytes.*choose a larger disk, or an image that leaves room/u;
  expect(ran.stdout + ran.stderr).toMatch(said);
  expect((await must(place.cli("machine", "history", "tight"))).stdout).toMatch(said);
});
