import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { paths } from "../../console/paths.ts";
import type { Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { simulate } from "../../src/simulator/simulate.ts";
import { waitFor } from "../support/wait.ts";
import { browserMissing, browserRest, browserStart } from "./support/browser.ts";
import { consoleWindow } from "./support/console-page.ts";
import { labConsole, type LabConsole } from "./support/lab-console.ts";

const fleet = 200;
const failing = 7;

let server: LabConsole;
let browser: Browser;
let simulating: Promise<unknown>;
const ending = new AbortController();
beforeAll(async () => {
  if (browserMissing !== undefined) {
    return;
  }
  [server, browser] = await Promise.all([labConsole(), browserStart()]);
  simulating = simulate(
    {
      agents: fleet,
      interval: 5_000,
      faults: [],
      seed: "many",
      duration: 3_600_000,
      installsPerMinute: 0,
      endpoints: [],
      operators: [server.url],
      token: (await readFile(join(server.lab.dataDir, "operator-token"), "utf8")).trim(),
      anywhere: false,
      writing: 1_500,
    },
    { clock: systemClock, signal: ending.signal, status: () => undefined, tell: () => undefined },
  );
  await waitFor(
    "the simulated fleet",
    async () => (await machines()).filter(({ agent }) => agent?.heartbeatAt).length === fleet,
    // Each answer is long, and those who make it are what is waited for.
    { intervalMs: 1_000 },
  );
});
afterAll(async () => {
  ending.abort();
  await simulating?.catch(() => undefined);
  await browserRest(browser);
  await server?.[Symbol.asyncDispose]();
});

async function machines(): Promise<Machine[]> {
  return (await server.client.machines.machineList({ pageSize: 1000 })).machines;
}

test(`${fleet} machines of which ${failing} fail: they are seen, are one group, and are tried again`, async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await consoleWindow(browser, server, { role: "operator" });
  const { page } = window;
  await window.open(paths.machines());
  await page.getByRole("button", { name: "All that match" }).click();
  await page.getByRole("menuitem", { name: "Install", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: `Install ${fleet} machines` });
  await dialog.getByRole("textbox", { name: "Image" }).fill("https://images.example.org/debian-13.raw.zst");
  await dialog.getByRole("textbox", { name: "Digest" }).fill(`sha256:${"0a".repeat(32)}`);
  await dialog.getByRole("textbox", { name: "Disk", exact: true }).fill("name=sda");
  await dialog.getByText("First boot, format, checks, retries").click();
  await dialog.getByRole("checkbox", { name: /Accept a disk that the hardware report contradicts/u }).check();
  await dialog.getByText(`${fleet} of ${fleet} can be requested`).waitFor();
  // Another operator, in the meantime.
  const held = (await machines()).slice(0, failing);
  for (const { id } of held) {
    await server.client.machines.machineQuarantine({ requestId: randomUUID(), machine: id, reason: "memory errors" });
  }
  await dialog.getByRole("button", { name: `Erase a disk of each of ${fleet} machines, install debian-13` }).click();
  await dialog.getByText(`${fleet - failing} done, ${failing} failed`).waitFor({ timeout: 120_000 });
  const group = dialog.getByRole("region", { name: `${failing} failed` });
  await group.getByText("in quarantine (memory errors)").waitFor();
  expect(await group.getByRole("link").count()).toBe(failing);
  for (const { id } of held) {
    await server.client.machines.machineRelease({ requestId: randomUUID(), machine: id });
  }
  await dialog.getByRole("button", { name: `Try the ${failing} again` }).click();
  await dialog.getByText(`${failing} done, 0 failed`).waitFor({ timeout: 60_000 });
  const generations = (await machines()).map(({ lastGeneration }) => lastGeneration);
  expect(generations).toEqual(generations.map(() => 1n));
});
