// Who sends a form that is not right is led to the field that is wrong, on a phone too, where it may be out of sight.
import { randomUUID } from "node:crypto";
import { createClient, type ConnectError } from "@connectrpc/connect";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { paths } from "../../console/paths.ts";
import { ImageService, ImageState } from "../../gen/farrier/operator/v1/image_pb.ts";
import { InstallationService } from "../../gen/farrier/operator/v1/installation_pb.ts";
import { imageServer, type ImageServer } from "../support/image-server.ts";
import { waitFor } from "../support/wait.ts";
import { axeViolations } from "./support/axe.ts";
import { biosImageBytes } from "./support/bios-image.ts";
import { browserMissing, browserRest, browserStart } from "./support/browser.ts";
import { imageAdded, profileApplied } from "./support/console-catalogue.ts";
import { machineAdded } from "./support/console-machines.ts";
import { consoleWindow, sizes } from "./support/console-page.ts";
import { consoleServer, type ConsoleServer } from "./support/console-server.ts";

let server: ConsoleServer;
let browser: Browser;
let images: ImageServer;
beforeAll(async () => {
  if (browserMissing === undefined) {
    [server, browser, images] = await Promise.all([consoleServer(), browserStart(), imageServer()]);
    await machineAdded(server, "web1");
    await imageAdded(server, "debian-13", images.serve("debian-13.raw", biosImageBytes()).url);
    await waitFor("the image", async () => {
      const { image } = await createClient(ImageService, server.transport).imageShow({ image: "debian-13" });
      return image?.state === ImageState.READY;
    });
    await profileApplied(server, "web", { image: "debian-13", rootDisk: { minBytes: 1n } });
  }
});
afterAll(async () => {
  await browserRest(browser);
  await images?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

const digest = `sha256:${"0a".repeat(32)}`;
const view = { role: "admin", size: sizes.phone } as const;

/** The field has the focus, is in sight, and its message, which it is tied to, is too. */
async function ledTo(field: Locator, message: RegExp): Promise<void> {
  await expect.poll(async () => await field.getAttribute("aria-invalid")).toBe("true");
  const seen = async (): Promise<unknown> =>
    await field.evaluate((element) => {
      const page = element.ownerDocument;
      const about = page.getElementById(element.getAttribute("aria-describedby") ?? "");
      const words = about?.lastElementChild;
      const isSeen = (part: Element): boolean => {
        const { left, top } = part.getBoundingClientRect();
        return part.contains(page.elementFromPoint(left + 4, top + 4));
      };
      return {
        focus: page.activeElement === element,
        field: isSeen(element),
        message: words !== null && words !== undefined && isSeen(words),
      };
    });
  await expect.poll(seen).toEqual({ focus: true, field: true, message: true });
  const words = await field.evaluate(
    (element) => element.ownerDocument.getElementById(element.getAttribute("aria-describedby") ?? "")?.innerText ?? "",
  );
  expect(words).toMatch(message);
}

/** A refused button can be pressed, although it is said to be disabled. */
const refused = { force: true } as const;

/** The last button of the dialog, which goes on. */
const goOn = (page: Page): Locator => page.getByRole("dialog").locator("footer").getByRole("button").last();

test("a webhook: an empty name, then the kinds of events that the server does not know", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await consoleWindow(browser, server, view);
  const { page } = window;
  await window.open(paths.webhooks());
  await page.getByRole("button", { name: "Add a webhook" }).click();
  const dialog = page.getByRole("dialog");
  const name = dialog.getByRole("textbox", { name: "Name" });
  // Nothing is wrong yet with what nobody has typed.
  expect(await name.getAttribute("aria-invalid")).toBe(null);
  await goOn(page).click(refused);
  await ledTo(name, /This is needed\./u);
  expect(await axeViolations(page)).toEqual([]);
  await name.fill("tickets");
  await dialog.getByRole("textbox", { name: "Address" }).fill("https://tickets.example.org/hook");
  const events = dialog.getByRole("textbox", { name: "Events" });
  await events.fill("no_such_kind");
  await dialog.getByRole("textbox", { name: "Certificates" }).focus();
  await goOn(page).click();
  await ledTo(events, /^events/mu);
  await events.fill("installation_*");
  expect(await events.getAttribute("aria-invalid")).toBe(null);
});

test("a rollout: no profile, then a time zone that the server does not know", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await consoleWindow(browser, server, view);
  const { page } = window;
  await page.goto(`${server.url}/console${paths.rolloutNew()}`);
  const dialog = page.getByRole("dialog");
  const field = (label: string): Locator => dialog.getByLabel(label, { exact: true });
  await field("Time zone").focus();
  await goOn(page).click(refused);
  await ledTo(field("Profile"), /This is needed\./u);
  await field("Profile").selectOption("web");
  // By Enter in a field, too.
  await field("Waves").press("Enter");
  await ledTo(field("Names"), /This is needed\./u);
  await field("Names").fill("web1");
  await field("From").fill("01:00");
  await field("To").fill("05:00");
  await field("Time zone").fill("Mars/Olympus");
  await field("Profile").focus();
  await goOn(page).click();
  await ledTo(field("Time zone"), /^window\.time_zone/mu);
});

test("an installation: no image, then what is wrong in a part that is closed", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await consoleWindow(browser, server, view);
  const { page } = window;
  await page.goto(`${server.url}/console${paths.install("web1")}`);
  const dialog = page.getByRole("dialog");
  await goOn(page).click(refused);
  const image = dialog.getByRole("textbox", { name: "Image" });
  await ledTo(image, /This is needed\./u);
  await image.fill("https://images.example.org/debian-13.raw.zst");
  await dialog.getByRole("textbox", { name: "Digest" }).fill(digest);
  await dialog.getByRole("textbox", { name: "Disk", exact: true }).fill("serial=S1");
  const more = dialog.getByText("First boot, format, checks, retries");
  await more.click();
  const tries = dialog.getByRole("textbox", { name: "Further tries after an error" });
  await tries.fill("many");
  await more.click();
  await tries.waitFor({ state: "hidden" });
  await goOn(page).click(refused);
  await ledTo(tries, /expected a number from 0 to 100/u);
});

test("why an installation can't be requested stands beside the buttons too, where its field may be out of sight", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  const request = async (dryRun: boolean): Promise<unknown> =>
    await createClient(InstallationService, server.transport).installationRequest({
      ...{ requestId: randomUUID(), machine: "pending1", dryRun },
      image: { url: "https://images.example.org/a.raw", digest, rootDisk: { serialNumber: "S1" } },
    });
  await machineAdded(server, "pending1");
  await request(false);
  await using window = await consoleWindow(browser, server, view);
  const { page } = window;
  await page.goto(`${server.url}/console${paths.install("pending1")}`);
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Digest" }).fill(digest);
  await dialog.getByRole("textbox", { name: "Disk", exact: true }).fill("serial=S1");
  const image = dialog.getByRole("textbox", { name: "Image" });
  await image.fill("https://images.example.org/a.raw");
  const note = dialog.locator("footer").getByRole("status");
  // In the server's own words.
  const said = await request(true).catch((error: unknown) => (error as ConnectError).rawMessage);
  await expect.poll(async () => await note.textContent()).toBe(said);
  await image.scrollIntoViewIfNeeded();
  const box = await note.boundingBox();
  expect(box === null ? undefined : box.y >= 0 && box.y + box.height <= sizes.phone.height).toBe(true);
  await dialog.getByRole("checkbox", { name: "Replace the pending generation 1" }).check();
  await note.waitFor({ state: "detached" });
});

test("an installation by a profile: the value that is missing", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await profileApplied(server, "named", {
    image: "debian-13",
    rootDisk: { minBytes: 1n },
    userData: "#cloud-config\nhostname: {{ values.host | yaml }}\n",
    values: [{ name: "host" }],
  });
  await using window = await consoleWindow(browser, server, view);
  const { page } = window;
  await page.goto(`${server.url}/console${paths.install("web1")}`);
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "By a profile" }).click();
  const profile = dialog.getByRole("combobox", { name: "Profile" });
  await profile.selectOption("named");
  const host = dialog.getByRole("textbox", { name: "host" });
  await expect.poll(async () => await host.getAttribute("aria-invalid")).toBe("true");
  expect(await profile.getAttribute("aria-invalid")).toBe(null);
  // What comes by itself does not take the focus.
  expect(await host.evaluate((field) => field === field.ownerDocument.activeElement)).toBe(false);
  await goOn(page).click(refused);
  await ledTo(host, /"host" is missing/u);
});

test("a profile: text that is none, then a template that the server refuses", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await consoleWindow(browser, server, view);
  const { page } = window;
  await window.open(paths.profileNew());
  const text = page.getByLabel("The profile, as its file");
  await text.fill("name: [");
  await page.getByRole("button", { name: "Apply" }).click(refused);
  await ledTo(text, /./u);
  await text.fill("name: db\nimage: debian-13\ndisk: protocol=nvme\nuser_data: |\n  #cloud-config\n  {% if %}\n");
  await page.getByRole("button", { name: "Apply db" }).click();
  await ledTo(text, /^user_data: /mu);
});
