import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { paths } from "../../console/paths.ts";
import { InstallationState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { diskMake, type LabMachine } from "../support/lab.ts";
import type { ServedImage } from "../support/image-server.ts";
import { waitFor } from "../support/wait.ts";
import { browserMissing, browserRest, browserStart } from "./support/browser.ts";
import { consoleWindow } from "./support/console-page.ts";
import { labConsole, type LabConsole } from "./support/lab-console.ts";

const mebibyte = 1 << 20;

let server: LabConsole;
let browser: Browser;
beforeAll(async () => {
  if (browserMissing === undefined) {
    [server, browser] = await Promise.all([labConsole(), browserStart()]);
  }
});
afterAll(async () => {
  await browserRest(browser);
  await server?.[Symbol.asyncDispose]();
});

/** A machine with a small and a great disk, whose agent has reported them. */
async function machineReady(name: string): Promise<LabMachine> {
  const machine = await server.lab.machine(name);
  await diskMake(join(machine.diskFolder, "disk1"), 64 * mebibyte);
  machine.agent();
  await waitFor(`the hardware of ${name}`, async () => (await machine.show()).hardwareReportedAt !== undefined);
  return machine;
}

/** Opens the install dialog of a machine, and gives image and digest. */
async function dialogOpen(page: Page, machine: LabMachine, image: ServedImage): Promise<void> {
  await page.getByRole("checkbox", { name: `Mark ${machine.name}` }).check();
  await page.getByRole("button", { name: "Do", exact: true }).click();
  await page.getByRole("menuitem", { name: "Install", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: `Install ${machine.name}` });
  await dialog.getByRole("textbox", { name: "Image" }).fill(image.url);
  await dialog.getByRole("textbox", { name: "Digest" }).fill(image.digest);
}

test("a dry run refuses, another disk is pressed, and it goes through, with progress that never goes back", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  const machine = await machineReady("box1");
  const slow = { limit: 4 * mebibyte, bytesPerSecond: 2 * mebibyte };
  const image = server.lab.images.serve("debian-13.raw", randomBytes(24 * mebibyte), slow);
  await using window = await consoleWindow(browser, server, { role: "operator" });
  const { page } = window;
  await window.open(paths.machines());
  await dialogOpen(page, machine, image);
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Disk", exact: true }).fill("serial=disk7");
  await dialog.getByText("no disk matches serial=disk7").first().waitFor();
  await dialog.getByRole("button", { name: /disk1/u }).click();
  await expect
    .poll(async () => await dialog.getByRole("textbox", { name: "Disk", exact: true }).inputValue())
    .toBe("serial=disk1");
  const send = dialog.getByRole("button", { name: /^Erase .*disk1.* of box1, install debian-13$/u });
  await send.waitFor();
  // It is shown for seconds only: looked for from before the click on.
  await Promise.all([page.getByText("box1: generation 1 is requested").first().waitFor(), send.click()]);
  await dialog.waitFor({ state: "detached" });
  const seen = await progressUntilInstalled(page, machine, image);
  expect(seen.length, "values that the bar showed").toBeGreaterThan(2);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  // The browser itself notes the answer of the dry run that is refused.
  expect(window.wrong.filter((text) => !text.includes("status of 400"))).toEqual([]);
});

/** What the bar showed until the machine was installed. */
async function progressUntilInstalled(page: Page, machine: LabMachine, image: ServedImage): Promise<number[]> {
  await page.goto(`${server.url}/console${paths.installations()}`);
  const row = page.getByRole("row").filter({ hasText: machine.name });
  await row.waitFor();
  // In the page, so that nothing is missed between two looks; each phase begins anew.
  await page.evaluate(() => {
    const seen: [string, number][] = [];
    Object.assign(globalThis, { seen });
    const look = (): void => {
      const bar = document.querySelector("[role=progressbar][aria-label=Installation]");
      if (bar?.hasAttribute("aria-valuenow") === true) {
        seen.push([bar.getAttribute("aria-valuetext") ?? "", Number(bar.getAttribute("aria-valuenow"))]);
      }
      requestAnimationFrame(look);
    };
    look();
  });
  // The rest comes only now: it can't be written before the page is looked at.
  image.limit = Number.POSITIVE_INFINITY;
  await waitFor(`${machine.name} to be installed`, async () => {
    const { installation } = await machine.show();
    return installation?.state === InstallationState.SUCCEEDED;
  });
  await row.getByText("succeeded").waitFor();
  const seen = await page.evaluate(() => (globalThis as unknown as { seen: [string, number][] }).seen);
  const writing = seen.filter(([words]) => words.startsWith("writing")).map(([, value]) => value);
  return writing.filter((value, index) => value !== writing[index - 1]);
}

test("an installation is cancelled in mid-write, and the answer says that the disk was written to", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  const machine = await machineReady("box2");
  const image = server.lab.images.serve("slow.raw", randomBytes(12 * mebibyte), { limit: 6 * mebibyte });
  await server.client.installations.installationRequest({
    requestId: crypto.randomUUID(),
    machine: machine.id,
    image: { url: image.url, digest: image.digest, rootDisk: { serialNumber: "disk0" } },
  });
  await waitFor("bytes on the disk", async () => (await machine.show()).installation?.writingSince !== undefined);
  await using window = await consoleWindow(browser, server, { role: "operator" });
  const { page } = window;
  await window.open(paths.installations());
  await page.getByRole("row").filter({ hasText: "box2" }).getByRole("button", { name: "Cancel" }).click();
  const dialog = page.getByRole("dialog", { name: "Cancel the installation: box2" });
  await dialog.getByLabel("Reason").fill("wrong image, ticket 4711");
  await dialog.getByRole("button", { name: "Cancel the installation of box2" }).click();
  await page
    .getByText(/box2: generation 1 is cancelled; its disk may have been written to/u)
    .first()
    .waitFor();
  expect((await machine.show()).installation?.state).toBe(InstallationState.CANCELLED);
  const history = await machine.history();
  expect(history.map(({ detailJson }) => detailJson).join("\n")).toContain("wrong image, ticket 4711");
  image.limit = Number.POSITIVE_INFINITY;
});

test("a double click, and an answer that is lost, are one generation", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  const machine = await machineReady("box3");
  const image = server.lab.images.serve("once.raw", randomBytes(mebibyte));
  await using window = await consoleWindow(browser, server, { role: "operator" });
  const { page } = window;
  await window.open(paths.machines());
  await dialogOpen(page, machine, image);
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: /disk0/u }).click();
  const send = dialog.getByRole("button", { name: /^Erase .* of box3, install once$/u });
  await send.waitFor();
  let sent = 0;
  await page.route(/InstallationService\/InstallationRequest$/u, async (route) => {
    sent += 1;
    if (sent === 1) {
      // It reaches the server; its answer does not come back.
      await route.fetch();
      await route.abort("connectionreset");
    } else {
      await route.continue();
    }
  });
  await Promise.all([page.getByText("box3: generation 1 is requested").first().waitFor(), send.dblclick()]);
  await dialog.waitFor({ state: "detached" });
  expect(sent).toBe(2);
  const story = await machine.story();
  expect(story.filter((entry) => entry.startsWith("installation_requested"))).toEqual(["installation_requested 1"]);
});
