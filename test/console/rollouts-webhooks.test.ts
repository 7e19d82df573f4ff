import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { paths } from "../../console/paths.ts";
import { ImageService, ImageState } from "../../gen/farrier/operator/v1/image_pb.ts";
import { connect, type Database } from "../../src/database/connect.ts";
import { embeddedReach, type EmbeddedReach } from "../../src/database/embedded/embedded-reach.ts";
import { testReceiver } from "../../src/events/testing/webhook-receiver-server.ts";
import { silent } from "../support/fleet.ts";
import { imageServer, type ImageServer } from "../support/image-server.ts";
import { installationsFinish } from "../support/rollouts.ts";
import { waitFor } from "../support/wait.ts";
import { axeViolations } from "./support/axe.ts";
import { biosImageBytes } from "./support/bios-image.ts";
import { browserMissing, browserRest, browserStart } from "./support/browser.ts";
import { imageAdded, profileApplied } from "./support/console-catalogue.ts";
import { machineAdded, machineQuarantined } from "./support/console-machines.ts";
import { consoleWindow, sizes } from "./support/console-page.ts";
import { consoleServer, type ConsoleServer } from "./support/console-server.ts";

const names = ["a1", "a2", "a3", "a4", "a5", "a6"];

let server: ConsoleServer;
let browser: Browser;
let images: ImageServer;
let reach: EmbeddedReach;
let database: Database;
beforeAll(async () => {
  if (browserMissing !== undefined) {
    return;
  }
  [server, browser, images] = await Promise.all([consoleServer(), browserStart(), imageServer()]);
  reach = await embeddedReach(join(server.dataDirectory, "postgres"));
  database = connect(reach.connection, { log: silent });
  await imageAdded(server, "debian", images.serve("debian.raw", biosImageBytes()).url);
  for (const name of names) {
    await machineAdded(server, name, { rack: "b12" });
  }
  await machineQuarantined(server, "a6");
  const catalogue = createClient(ImageService, server.transport);
  await waitFor(
    "the image",
    async () => (await catalogue.imageShow({ image: "debian" })).image?.state === ImageState.READY,
  );
  await profileApplied(server, "web", { image: "debian", rootDisk: { serialNumber: "S1" } });
});
afterAll(async () => {
  await browserRest(browser);
  await images?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await reach?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

/** What `installationsFinish` needs of a fleet. */
const fleet = {
  rows: async <Row extends Record<string, unknown>>(text: string, ...values: unknown[]): Promise<Row[]> =>
    (await database.pool.query<Row>(text, values)).rows,
};

/** A cell of the rollout, which says its machine's state. */
async function cell(page: Page, words: string): Promise<void> {
  await page.getByRole("link", { name: words, exact: true }).waitFor();
}

/** Ends what is requested, once these are. @param fails those of them that fail */
async function finish(requested: readonly string[], fails: readonly string[] = []): Promise<void> {
  const ended = new Set<string>();
  await waitFor(`installations of ${requested.join(", ")}`, async () => {
    const now = await installationsFinish(fleet, (name) =>
      fails.includes(name) ? "disk sda is in use: mounted" : undefined,
    );
    now.forEach((name) => ended.add(name));
    return requested.every((name) => ended.has(name));
  });
}

/** Presses a button of the page, then the button of the dialog that it opens. */
async function command(page: Page, open: string, send: string): Promise<void> {
  await page.getByRole("button", { name: open, exact: true }).click();
  // A toast of the command before may still be there, and is a dialog too.
  const dialog = page.getByRole("dialog", { name: `${open}: tonight` });
  await dialog.getByRole("button", { name: send, exact: true }).click();
  await dialog.waitFor({ state: "detached" });
}

test("a rollout is read, started, stops by its rule, and goes on; what failed and what was refused is said", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await consoleWindow(browser, server, { role: "operator" });
  const { page } = window;
  await window.open(paths.rollouts());
  await page.getByRole("button", { name: "New rollout" }).click();
  const dialog = page.getByRole("dialog", { name: "New rollout" });
  await dialog.getByRole("combobox", { name: "Profile" }).selectOption("web");
  await dialog.getByRole("button", { name: "All that match" }).click();
  await dialog.getByText("6 machines match; they are ordered by name.").waitFor();
  await dialog.getByRole("textbox", { name: "Location" }).fill("hall 9");
  await dialog.getByText("0 machines match; they are ordered by name.").waitFor();
  expect(await faults(page)).toEqual([]);
  await dialog.getByRole("button", { name: "By their names" }).click();
  await dialog.getByRole("textbox", { name: "Names" }).fill(names.join(", "));
  await dialog.getByRole("textbox", { name: "Waves" }).fill("2, rest");
  await dialog.getByRole("textbox", { name: "Failures" }).fill("1");
  await dialog.getByRole("textbox", { name: "Name", exact: true }).fill("tonight");
  await dialog.getByRole("button", { name: "Plan tonight" }).click();
  await page.getByRole("heading", { level: 1, name: "tonight" }).waitFor();
  await cell(page, "a6: refused");
  const causes = page.getByRole("table", { name: /^Causes/u });
  await causes.getByText("it is in quarantine (looked at by a test): release it first").waitFor();
  await command(page, "Start", "Start tonight on 5 machines");
  await cell(page, "a1: requested");
  await cell(page, "a3: waiting");
  await cell(page, "a6: left out, refused");
  await finish(["a1", "a2"], ["a2"]);
  await cell(page, "a1: good");
  await cell(page, "a2: failed, disk-busy");
  await page.getByText(/^1 machine failed, and by its rule no more are begun/u).waitFor();
  await causes.getByText("disk sda is in use: mounted").waitFor();
  expect(await faults(page)).toEqual([]);
  await command(page, "Retry failed", "Retry failed tonight");
  await cell(page, "a2: requested");
  await command(page, "Pause", "Pause tonight");
  await page.getByRole("region", { name: "How far it is" }).getByText("paused").first().waitFor();
  await command(page, "Resume", "Resume tonight");
  await finish(["a2", "a3", "a4", "a5"]);
  await page.getByRole("region", { name: "How far it is" }).getByText("done", { exact: true }).waitFor();
  await page.getByRole("combobox", { name: "Show" }).selectOption("left-out");
  const table = page.getByRole("table", { name: "Machines of the rollout" });
  await expect.poll(async () => await table.getByRole("row").count()).toBe(2);
  await window.open(paths.rollouts());
  await page.getByRole("row").filter({ hasText: "done" }).getByRole("link", { name: "tonight" }).waitFor();
  expect(window.wrong).toEqual([]);
});

test("a webhook is added, tested and deleted; its key is shown once, and what was given up is sent again", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using receiver = await testReceiver();
  await using window = await consoleWindow(browser, server, { role: "admin" });
  const { page } = window;
  await window.open(paths.webhooks());
  await page.getByRole("button", { name: "Add a webhook…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name" }).fill("tickets");
  await dialog.getByRole("textbox", { name: "Address" }).fill(receiver.url);
  await dialog.getByRole("textbox", { name: "Events" }).fill("installation_*, machine_added");
  await dialog.getByRole("textbox", { name: "Certificates" }).fill(receiver.certificates);
  await dialog.getByRole("button", { name: "Add tickets" }).click();
  const key = (await dialog.getByText(/^whsec_/u).textContent()) ?? "";
  await dialog.getByRole("button", { name: "I have kept it" }).click();
  const row = page.getByRole("row").filter({ hasText: "tickets" });
  await row.getByText("nothing sent yet").waitFor();
  await machineAdded(server, "told");
  await row.getByText("answers", { exact: true }).waitFor();
  await row.getByRole("button", { name: "Test tickets" }).click();
  await dialog.getByRole("button", { name: "Send a test event" }).click();
  await dialog.getByText("tickets took the event").waitFor();
  receiver.answer = (_event, response) => void response.writeHead(404).end("no such hook");
  await dialog.getByRole("button", { name: "Send another" }).click();
  await dialog.getByText("it answered 404: no such hook").waitFor();
  await dialog.getByRole("button", { name: "Close", exact: true }).last().click();
  receiver.answer = (_event, response) => void response.writeHead(204).end();
  await database.pool.query(
    `INSERT INTO webhook_dead_letter (webhook_id, event_id, event_at, machine_id, event, attempts, failure)
     SELECT webhook_id, h.id, h.at, h.machine_id, h.event, 100, 'it answered 500' FROM webhook, history h
     JOIN machines m ON m.machine_id = h.machine_id AND m.name = 'a1' WHERE h.event = 'machine_added'`,
  );
  await row.getByRole("link", { name: "Dead letters of tickets: 1" }).click();
  await page.getByRole("table", { name: "Dead letters of tickets" }).getByText("it answered 500").waitFor();
  // A person knows machines by their names.
  await page.getByRole("table", { name: "Dead letters of tickets" }).getByRole("link", { name: "a1" }).waitFor();
  expect(await faults(page)).toEqual([]);
  const before = receiver.taken.length;
  await page.getByRole("button", { name: /^Send again: event \d+$/u }).click();
  await dialog.getByRole("button", { name: /^Send event \d+ again$/u }).click();
  await page.getByText("No event of it was given up.").waitFor();
  await waitFor("the event", () => receiver.taken.length === before + 1);
  await page.reload();
  await row.waitFor();
  expect(key).toMatch(/^whsec_.{40,}$/u);
  expect(await page.content()).not.toContain(key);
  await row.getByRole("button", { name: "Delete tickets" }).click();
  await dialog.getByRole("textbox", { name: "Type tickets to confirm" }).fill("tickets");
  await dialog.getByRole("button", { name: "Delete tickets", exact: true }).click();
  await page.getByText("There is no webhook yet").waitFor();
  expect(window.wrong).toEqual([]);
});

/** What axe finds, and what is wider than the window, in both widths and themes; of the other theme its colours. */
async function faults(page: Page): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const size of [sizes.phone, sizes.desk]) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      const over = await page.evaluate<number>("Math.max(0, document.documentElement.scrollWidth - innerWidth)");
      found.push(
        ...(await axeViolations(page, colorScheme === "dark" ? "colours" : undefined)),
        ...(over > 0 ? [`${over} px wider than ${size.width}`] : []),
      );
    }
  }
  return found;
}
