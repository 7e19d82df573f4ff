import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import type { Browser, Page } from "playwright-core";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  MachineListRequestSchema,
  MachineListResponseSchema,
  MachineService,
} from "../../gen/farrier/operator/v1/machine_pb.ts";
import { browserMissing, browserRest, browserStart } from "./support/browser.ts";
import { machineAdded, machineQuarantined } from "./support/console-machines.ts";
import { consoleWindow, signedInState, sizes } from "./support/console-page.ts";
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

test("by keyboard alone: find a machine, read why, copy a command, quarantine it", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await machineAdded(server, "keys-a");
  await machineAdded(server, "keys-b", { rack: "b12" });
  await using window = await consoleWindow(browser, server);
  const { page } = window;
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await window.open("/machines");
  await row(page, "keys-a").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("rack=b12");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Remove label rack=b12" }).waitFor();
  await row(page, "keys-a").waitFor({ state: "hidden" });
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "keys-b", level: 1 }).waitFor();
  // Open by itself, because the machine is neither ready nor installed.
  const why = page.getByRole("region", { name: "Explanation" });
  await why.getByText("waits for").waitFor();
  const copy = why.getByRole("button", { name: /^Copy/u }).first();
  await copy.focus();
  await page.keyboard.press("Enter");
  await expect.poll(async () => await page.evaluate("navigator.clipboard.readText()")).toMatch(/^farrier .*keys-b/u);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Machines, pages and commands" }).waitFor();
  await expect.poll(async () => await page.evaluate("document.activeElement.getAttribute('role')")).toBe("combobox");
  await page.keyboard.type("quarantine");
  await page.getByRole("option", { name: /^Quarantine.*keys-b/u }).waitFor();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/reason/iu).fill("does not boot");
  await dialog.getByLabel(/reason/iu).press("Tab");
  await dialog.getByRole("button", { name: /^Quarantine keys-b/u }).press("Enter");
  await page.locator("header").getByText("quarantined").waitFor();
  expect(window.wrong).toEqual([]);
});

test("rows are walked by j and k, marked by x, and ? lists the keys", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  for (const name of ["walk-1", "walk-2", "walk-3"]) {
    await machineAdded(server, name);
  }
  await using window = await consoleWindow(browser, server);
  const { page } = window;
  await window.open("/machines?name=walk");
  await row(page, "walk-3").waitFor();
  for (const key of ["j", "x", "j", "j", "X"]) {
    await page.keyboard.press(key);
  }
  await page.getByText("3 marked").waitFor();
  await page.keyboard.press("k");
  await expect.poll(async () => await page.evaluate("document.activeElement.textContent")).toContain("walk-2");
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).getByText("mark from the row that was marked last").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.getByText("3 marked").waitFor({ state: "hidden" });
});

test("empty pages before the first machine are read over, without an empty list on screen", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await machineAdded(server, "late-1");
  await using window = await consoleWindow(browser, server);
  const { page } = window;
  // As where the machines of a filter come late in the order: the server gives up on a page, and says where to go on.
  let empties = 0;
  await page.route("**/*MachineService/MachineList", async (route) => {
    const request = fromBinary(MachineListRequestSchema, route.request().postDataBuffer() ?? Buffer.alloc(0));
    const step = request.pageToken === "" ? 0 : Number(request.pageToken);
    if (step < 3) {
      empties += 1;
      const body = Buffer.from(
        toBinary(MachineListResponseSchema, create(MachineListResponseSchema, { nextPageToken: String(step + 1) })),
      );
      await route.fulfill({ contentType: "application/proto", body });
      return;
    }
    const postData = Buffer.from(toBinary(MachineListRequestSchema, { ...request, pageToken: "" }));
    await route.continue({ postData });
  });
  await page.addInitScript(`
    globalThis.emptyLists = 0;
    new MutationObserver(() => {
      globalThis.emptyLists += /(?<!\\d)0 shown/u.test(document.body?.innerText ?? "") ? 1 : 0;
    }).observe(document, { subtree: true, childList: true, characterData: true });
  `);
  await window.open("/machines?name=late");
  await row(page, "late-1").waitFor();
  expect(empties).toBe(3);
  expect(await page.evaluate("globalThis.emptyLists")).toBe(0);
  await page.getByText("1 shown").waitFor();
  expect(window.wrong).toEqual([]);
});

test("hostile text in a machine's name, labels and reasons is shown as text, and breaks no layout", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  const hostile = "<img src=x onerror=alert(1)>";
  const client = createClient(MachineService, server.transport);
  const { id } = await machineAdded(server, "hostile-a", { owner: hostile });
  await client.machineQuarantine({
    requestId: randomUUID(),
    machine: id,
    reason: `${hostile} ${"x".repeat(900)}`,
  });
  for (const size of [sizes.desk, { width: 320, height: 640 }]) {
    await using window = await consoleWindow(browser, server, { size });
    const { page } = window;
    page.on("dialog", () => expect.unreachable("a script ran"));
    await window.open("/machines?name=hostile");
    await row(page, "hostile-a").waitFor();
    for (const tab of ["timeline", "everything"]) {
      await window.open(`/machines/hostile-a/${tab}`);
      await page.getByText(hostile).first().waitFor();
      // Nothing is wider than the window.
      expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    }
    expect(await page.evaluate("document.querySelector('img') === null")).toBe(true);
    expect(window.wrong).toEqual([]);
  }
});

test("ages are the server's, where the browser's clock is years off and in another time zone", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await machineAdded(server, "clock-a");
  await using stack = new AsyncDisposableStack();
  const other = await browser.newContext({
    timezoneId: "Pacific/Chatham",
    storageState: await signedInState(server, "viewer"),
  });
  stack.defer(async () => await other.close());
  await other.clock.install({ time: new Date("2020-02-29T12:00:00Z") });
  const page = await other.newPage();
  await page.goto(`${server.url}/console/machines?name=clock`);
  await row(page, "clock-a").waitFor();
  const age = await row(page, "clock-a").locator("[data-column=for]").textContent();
  expect(age).toMatch(/^\d+ (?:s|min)$/u);
});

test("a machine that is not there: its history by UUID where it was deleted, else names that are near", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  const { id } = await machineAdded(server, "gone-a");
  await machineAdded(server, "gone-b");
  await machineQuarantined(server, id);
  await using window = await consoleWindow(browser, server, { role: "viewer" });
  const { page } = window;
  await window.open(`/machines/${id}`);
  await createClient(MachineService, server.transport).machineDelete({ requestId: randomUUID(), machine: id });
  // Deleted while its page is open.
  await page.getByRole("heading", { name: "This machine was deleted" }).waitFor();
  await page.getByRole("list", { name: "Timeline" }).getByText("quarantined").first().waitFor();
  await page.goto(`${server.url}/console/machines/gone-c`);
  await page.getByRole("heading", { name: "There is no such machine" }).waitFor();
  await page.getByRole("link", { name: "gone-b" }).waitFor();
});

test("a filter that matches nothing says how many there would be without it", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await machineAdded(server, "few-a", { rack: "r1" });
  await using window = await consoleWindow(browser, server, { role: "viewer" });
  await window.open("/machines?name=few&label=rack%3Dr2");
  const list = window.page.getByRole("listitem").filter({ hasText: "without label rack=r2" });
  await list.getByRole("link", { name: "1 machine" }).click();
  await row(window.page, "few-a").waitFor();
});

test("the command that an explanation offers runs as copied", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await machineQuarantined(server, (await machineAdded(server, "copied-a")).id);
  await using window = await consoleWindow(browser, server);
  await window.open("/machines/copied-a");
  const why = window.page.getByRole("region", { name: "Explanation" });
  const command = why.locator("code").filter({ hasText: "machine release copied-a" }).first();
  const words = (await command.textContent())?.split(" ") ?? [];
  expect(words[0]).toBe("farrier");
  const farrier = new URL("../../bin/farrier.js", import.meta.url).pathname;
  await promisify(execFile)(process.execPath, [farrier, ...words.slice(1), "--data-dir", server.dataDirectory]);
});
