import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MachineService } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { waitFor } from "../support/wait.ts";
import { browserMissing, browserRest, browserStart } from "./support/browser.ts";
import { machineAdded, machineQuarantined } from "./support/console-machines.ts";
import { consoleWindow } from "./support/console-page.ts";
import { consoleServer, type ConsoleServer } from "./support/console-server.ts";

let server: ConsoleServer;
let browser: Browser;
beforeAll(async () => {
  if (browserMissing === undefined) {
    [server, browser] = await Promise.all([consoleServer(), browserStart()]);
  }
});
afterAll(async () => {
  await browserRest(browser);
  await server?.[Symbol.asyncDispose]();
});

const row = (page: Page, name: string) => page.getByRole("row").filter({ hasText: name });

/** Waits until the list shows that a machine is in quarantine. */
async function shownQuarantined(page: Page, name: string): Promise<void> {
  await row(page, name).filter({ hasText: "quarantined" }).waitFor();
}

/** Opens the list in another tab of the same browser. */
async function anotherTab(page: Page): Promise<Page> {
  const tab = await page.context().newPage();
  await tab.goto(`${server.url}/console/machines`);
  await tab.getByRole("table").waitFor();
  return tab;
}

test("a change is seen without reading anew, and rows stay where they are", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await machineAdded(server, "live-a");
  await machineAdded(server, "live-b");
  await using window = await consoleWindow(browser, server);
  await window.open("/machines?order=state");
  await row(window.page, "live-a").filter({ hasText: "new" }).waitFor();
  const lists: string[] = [];
  window.page.on("request", (request) => {
    if (request.url().endsWith("/MachineList")) {
      lists.push(request.url());
    }
  });
  await machineQuarantined(server, "live-a");
  await shownQuarantined(window.page, "live-a");
  // Sorted by state it would stand below now: it is marked, and stays.
  await window.page.getByRole("button", { name: "1 moved: show (r)" }).waitFor();
  expect(lists).toEqual([]);
  const names = async () => await window.page.locator("tbody [data-column=name] a").allTextContents();
  expect(await names()).toEqual(["live-a", "live-b"]);
  await window.page.keyboard.press("r");
  await expect.poll(names).toEqual(["live-b", "live-a"]);
  await machineAdded(server, "live-c");
  await window.page.getByRole("button", { name: "1 new: show (r)" }).waitFor();
  expect(window.wrong).toEqual([]);
});

test("the server is killed and comes back: the page says so meanwhile, and misses nothing", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await machineAdded(server, "back-a");
  await using window = await consoleWindow(browser, server);
  const { page } = window;
  await window.open("/machines?name=back");
  await row(page, "back-a").waitFor();
  await server.restart(async () => {
    await page.getByText(/^Not live since \d.*; trying again/u).waitFor();
    // A part of the page whose script was not needed before: it comes when the server does, and the rest lives.
    await page.keyboard.press("?");
    await row(page, "back-a").waitFor();
  });
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await page.keyboard.press("Escape");
  await machineQuarantined(server, "back-a");
  await shownQuarantined(page, "back-a");
  await page.getByText(/^Not live since/u).waitFor({ state: "hidden" });
});

test("the network goes and comes back: the page says so meanwhile, goes on at once, and misses nothing", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await machineAdded(server, "net-a");
  await using window = await consoleWindow(browser, server);
  const { page } = window;
  await window.open("/machines?name=net");
  await row(page, "net-a").waitFor();
  await window.context.setOffline(true);
  await page.getByText(/^Not live since \d.*; trying again/u).waitFor();
  await machineQuarantined(server, "net-a");
  await row(page, "net-a").filter({ hasText: "new" }).waitFor();
  await window.context.setOffline(false);
  await shownQuarantined(page, "net-a");
  await page.getByText(/^Not live since/u).waitFor({ state: "hidden" });
});

test("the database is killed under an open page and comes back: what was typed is sent, and nothing is missed", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await machineAdded(server, "base-a");
  await machineAdded(server, "base-b");
  await using window = await consoleWindow(browser, server);
  const { page } = window;
  await window.open("/machines?name=base");
  await page.getByRole("checkbox", { name: "Mark base-a" }).check();
  await page.getByRole("button", { name: "Do", exact: true }).click();
  await page.getByRole("menuitem", { name: "Quarantine", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill("memory errors");
  const pidFile = join(server.dataDirectory, "postgres/data/postmaster.pid");
  process.kill(Number((await readFile(pidFile, "utf8")).split("\n")[0]), "SIGKILL");
  // Until the database is back the dialog says why not, and keeps what was typed.
  const send = dialog.getByRole("button", { name: /^(?:Quarantine base-a|Try again)$/u });
  await waitFor(
    "the command to go through",
    async () => {
      // Pressed as often as somebody likes: it is one command.
      await send.evaluateAll((buttons) => buttons.forEach((button) => (button as HTMLElement).click()));
      return (await dialog.count()) === 0;
    },
    { intervalMs: 200 },
  );
  await shownQuarantined(page, "base-a");
  const { machine } = await createClient(MachineService, server.transport).machineShow({ machine: "base-a" });
  expect(machine?.quarantine?.reason).toBe("memory errors");
  await machineQuarantined(server, "base-b");
  await shownQuarantined(page, "base-b");
});

test("seven tabs over HTTP/1.1 share one stream; the tab that holds it is closed, and another goes on", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await machineAdded(server, "tabs-a");
  await machineAdded(server, "tabs-b");
  await using window = await consoleWindow(browser, server);
  await window.open("/machines?name=tabs");
  await row(window.page, "tabs-a").waitFor();
  const tabs: Page[] = [];
  for (let count = 1; count < 7; count += 1) {
    const tab = await anotherTab(window.page);
    tabs.push(tab);
    // A browser has six connections for all of them: each still gets its answers.
    await row(tab, "tabs-a").waitFor();
  }
  await machineQuarantined(server, "tabs-a");
  await Promise.all(
    [window.page, ...tabs].map(async (tab) => {
      await tab.bringToFront();
      await shownQuarantined(tab, "tabs-a");
    }),
  );
  await window.page.close();
  await machineQuarantined(server, "tabs-b");
  for (const tab of tabs) {
    await tab.bringToFront();
    await shownQuarantined(tab, "tabs-b");
  }
});
