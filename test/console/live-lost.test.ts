// What an open page shows after its computer slept, and after the server's database was put back.
import { rename, rm } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { farrier } from "../../src/cli/testing/processes.ts";
import { browserMissing, browserRest, browserStart } from "./support/browser.ts";
import { machineAdded, machineQuarantined } from "./support/console-machines.ts";
import { consoleWindow } from "./support/console-page.ts";
import { consoleServer, type ConsoleServer } from "./support/console-server.ts";
import { sleepingProxy } from "./support/sleeping-proxy.ts";

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

test("a laptop that slept for an hour asks anew at once, and misses nothing of what happened meanwhile", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await machineAdded(server, "slept-a");
  await machineAdded(server, "slept-b");
  await using proxy = await sleepingProxy(server.url);
  await using window = await consoleWindow(browser, { url: proxy.url, token: server.token });
  const { page } = window;
  // As on a computer whose monotonic clock stands still in its sleep: what notices that the stream is silent has not run out.
  await page.addInitScript(() => {
    const set = globalThis.setTimeout;
    const waiting = (handler: TimerHandler, after?: number) => set(handler, (after ?? 0) > 20_000 ? 2 ** 30 : after);
    Object.assign(globalThis, { setTimeout: waiting });
  });
  let streams = 0;
  page.on("request", (request) => (streams += request.url().endsWith("/MachineWatch") ? 1 : 0));
  await window.open("/machines?name=slept");
  await row(page, "slept-b").filter({ hasText: "new" }).waitFor();
  await machineQuarantined(server, "slept-a");
  await row(page, "slept-a").filter({ hasText: "quarantined" }).waitFor();
  const before = streams;
  proxy.sleep();
  await machineQuarantined(server, "slept-b");
  const lists: string[] = [];
  page.on("request", (request) => (request.url().endsWith("/MachineList") ? lists.push(request.url()) : undefined));
  await page.evaluate("{ const now = Date.now; Date.now = () => now() + 3_600_000 }");
  await row(page, "slept-b").filter({ hasText: "quarantined" }).waitFor();
  expect(streams).toBe(before + 1);
  // From the cursor where it was: nothing else was read.
  expect(lists).toEqual([]);
  expect(await page.getByText("Everything was read anew").count()).toBe(0);
});

test("the server's database is put back: the page leads to the sign-in, then reads all anew, and says so", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await machineAdded(server, "kept-a");
  const token = await server.token("admin");
  const file = `${server.dataDirectory}.backup`;
  await using stack = new AsyncDisposableStack();
  const saved = `${server.dataDirectory}.before`;
  stack.defer(async () => await rm(saved, { recursive: true, force: true }));
  stack.defer(async () => await rm(file, { force: true }));
  expect(await farrier(["backup", file, "--data-dir", server.dataDirectory])).toMatchObject({ status: 0 });
  await machineAdded(server, "kept-b");
  await using window = await consoleWindow(browser, server);
  const { page } = window;
  await window.open("/machines?name=kept");
  await row(page, "kept-b").waitFor();
  await server.restart(async () => {
    await rename(server.dataDirectory, saved);
    expect(await farrier(["restore", file, "--data-dir", server.dataDirectory])).toMatchObject({ status: 0 });
  }, "SIGTERM");
  // A restored database holds no sessions.
  const signedOut = page.getByRole("dialog", { name: "You are signed out" });
  await signedOut.waitFor();
  await row(page, "kept-b").waitFor();
  await signedOut.getByLabel("Token").fill(token);
  await signedOut.getByLabel("Token").press("Enter");
  await signedOut.waitFor({ state: "detached" });
  await page.getByText("Everything was read anew: the server's database is not the one of before.").waitFor();
  await row(page, "kept-b").waitFor({ state: "detached" });
  await row(page, "kept-a").waitFor();
  // Live from here on.
  await machineQuarantined(server, "kept-a");
  await row(page, "kept-a").filter({ hasText: "quarantined" }).waitFor();
  await page.getByRole("button", { name: "Hide this line" }).click();
  await page.getByText("Everything was read anew").waitFor({ state: "detached" });
});
