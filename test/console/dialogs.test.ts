import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commandNames } from "../../console/commands/command-names.ts";
import { paths } from "../../console/paths.ts";
import { waitFor } from "../support/wait.ts";
import { axeViolations } from "./support/axe.ts";
import { browserMissing, browserRest, browserStart } from "./support/browser.ts";
import { consoleWindow, sizes } from "./support/console-page.ts";
import { labConsole, type LabConsole } from "./support/lab-console.ts";

let server: LabConsole;
let browser: Browser;
beforeAll(async () => {
  if (browserMissing === undefined) {
    [server, browser] = await Promise.all([labConsole(), browserStart()]);
    const machine = await server.lab.machine("box1");
    machine.agent();
    await waitFor("the hardware", async () => (await machine.show()).hardwareReportedAt !== undefined);
  }
});
afterAll(async () => {
  await browserRest(browser);
  await server?.[Symbol.asyncDispose]();
});

for (const theme of ["light", "dark"] as const) {
  test(`the dialog of each command, ${theme}: nothing found by axe, and Esc closes it`, async (context) => {
    context.skip(browserMissing !== undefined, browserMissing);
    const size = theme === "dark" ? sizes.phone : sizes.desk;
    await using window = await consoleWindow(browser, server, { role: "operator", theme, size });
    const { page } = window;
    await window.open(paths.machines());
    const row = page.getByRole("checkbox", { name: "Mark box1" });
    await row.check();
    await page.getByRole("button", { name: "Do", exact: true }).click();
    const entries = await page.getByRole("menuitem").allInnerTexts();
    expect(entries.length).toBeGreaterThan(commandNames.length - 5);
    await page.keyboard.press("Escape");
    for (const entry of entries) {
      await page.getByRole("button", { name: "Do", exact: true }).click();
      await page.getByRole("menuitem", { name: entry, exact: true }).click();
      await page.getByRole("dialog").waitFor();
      expect({ entry, violations: await axeViolations(page) }).toEqual({ entry, violations: [] });
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
    expect(window.wrong).toEqual([]);
  });
}

test("an address opens the install dialog; the back button closes it, but not over what was typed", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await consoleWindow(browser, server, { role: "operator" });
  const { page } = window;
  await window.open(paths.machine("box1"));
  // The dialog hides the page's heading, so the dialog is what is waited for.
  const install = `${server.url}/console${paths.install("box1")}`;
  await page.goto(install);
  const dialog = page.getByRole("dialog", { name: "Install box1" });
  await dialog.waitFor();
  await page.goBack();
  await dialog.waitFor({ state: "detached" });
  await page.getByRole("heading", { level: 1, name: "box1" }).waitFor();
  await page.waitForURL((url) => !url.searchParams.has("install"));
  await page.goto(install);
  await dialog.getByRole("textbox", { name: "Image" }).fill("https://images.example.org/x.raw");
  await page.goBack();
  await page.getByText("What you typed would be lost").first().waitFor();
  expect(await dialog.getByRole("textbox", { name: "Image" }).inputValue()).toBe("https://images.example.org/x.raw");
  await page.keyboard.press("Escape");
  await dialog.getByRole("button", { name: "Close anyway" }).click();
  await dialog.waitFor({ state: "detached" });
  expect(window.wrong).toEqual([]);
});

test("a dialog that its own button closes leaves nothing in the history: the back button leads to the page before", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await consoleWindow(browser, server, { role: "operator" });
  const { page } = window;
  await window.open(paths.work());
  await page.keyboard.press("g");
  await page.keyboard.press("m");
  await page.getByRole("checkbox", { name: "Mark box1" }).check();
  await page.getByRole("button", { name: "Do", exact: true }).click();
  await page.getByRole("menuitem", { name: "Quarantine", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  await page.waitForFunction(() => history.state?.usr?.dialog !== undefined);
  await dialog.getByRole("button", { name: "Back", exact: true }).click();
  await dialog.waitFor({ state: "detached" });
  await page.waitForFunction(() => history.state?.usr?.dialog === undefined);
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: "Work" }).waitFor();
  expect(window.wrong).toEqual([]);
});
