import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
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

/** Takes away what browsers give to https and localhost alone. */
async function insecure(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, "locks", { value: undefined });
    Object.defineProperty(Navigator.prototype, "clipboard", { value: undefined });
    Object.defineProperty(Crypto.prototype, "randomUUID", { value: undefined });
  });
}

test("over plain http from another name: two tabs are live, each by itself, and a command goes through", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await machineAdded(server, "plain-a");
  await machineAdded(server, "plain-b");
  await using window = await consoleWindow(browser, server, { role: "operator" });
  await insecure(window.context);
  const { page } = window;
  await window.open("/machines");
  await page.getByRole("row").filter({ hasText: "plain-a" }).waitFor();
  const tab = await window.context.newPage();
  await tab.goto(`${server.url}/console/machines`);
  await tab.getByRole("row").filter({ hasText: "plain-a" }).waitFor();
  await machineQuarantined(server, "plain-a");
  for (const one of [page, tab]) {
    await one.bringToFront();
    await one.getByRole("row").filter({ hasText: "plain-a" }).filter({ hasText: "quarantined" }).waitFor();
  }
  await tab.getByRole("checkbox", { name: "Mark plain-b" }).check();
  await tab.getByRole("button", { name: "Do", exact: true }).click();
  await tab.getByRole("menuitem", { name: "Quarantine", exact: true }).click();
  const dialog = tab.getByRole("dialog");
  await dialog.getByLabel("Reason").fill("looked at");
  await dialog.getByRole("button", { name: "Quarantine plain-b" }).click();
  await tab.getByRole("row").filter({ hasText: "plain-b" }).filter({ hasText: "quarantined" }).waitFor();
  expect(window.wrong).toEqual([]);
});
