import { readFile } from "node:fs/promises";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ConsoleList } from "../../src/operator-api/console/console-list.ts";
import { consoleListName } from "../../src/operator-api/console/console-list.ts";
import { browserMissing, browserRest, browserStart } from "./support/browser.ts";
import { machineAdded } from "./support/console-machines.ts";
import { consoleWindow } from "./support/console-page.ts";
import { consoleServer, type ConsoleServer } from "./support/console-server.ts";

/** Bytes, compressed by Brotli: a page's script with all that it needs, any other page's own, and the styles. */
const budgets = { first: 175_000, page: 40_000, styles: 10_000 };
const directory = new URL("../../dist/console/", import.meta.url);

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

/** The scripts that a script imports before it runs, itself among them. */
async function closure(name: string, found = new Set<string>()): Promise<Set<string>> {
  if (!found.has(name)) {
    found.add(name);
    const code = await readFile(new URL(name, directory), "utf8");
    for (const match of code.matchAll(/(?:\bfrom|\bimport)\s*"\.\/(?<file>[\w.-]+\.js)"/gu)) {
      await closure(`assets/${match.groups?.["file"] ?? ""}`, found);
    }
  }
  return found;
}

test("every page's script and the styles are within their budgets", async () => {
  const { files } = JSON.parse(await readFile(new URL(consoleListName, directory), "utf8")) as ConsoleList;
  const size = (name: string): number => files[name]?.br ?? files[name]?.bytes ?? Number.NaN;
  const sum = (names: Iterable<string>): number => [...names].reduce((total, name) => total + size(name), 0);
  const html = await readFile(new URL("index.html", directory), "utf8");
  const entries = [...html.matchAll(/src="\/console\/(?<file>assets\/[\w.-]+\.js)"/gu)].map(
    ({ groups }) => groups?.["file"] ?? "",
  );
  const shell = new Set<string>();
  for (const entry of entries) {
    await closure(entry, shell);
  }
  expect(sum(shell)).toBeGreaterThan(50_000);
  const pages = Object.keys(files).filter((name) =>
    /^assets\/(?:overview|machines|machine|installations|images|image|profiles|profile|rollouts|rollout|approvals|providers|work|access|metrics|sign-in)-[\w-]{8}\.js$/u.test(
      name,
    ),
  );
  expect(pages.length).toBe(16);
  const over: string[] = [];
  for (const page of pages) {
    const own = (await closure(page)).difference(shell);
    if (sum(own) > budgets.page) {
      over.push(`${page}: its own script has ${sum(own)} bytes, at most ${budgets.page}`);
    }
    if (/\/(?:overview|machines?|sign-in)-/u.test(page) && sum(own) + sum(shell) > budgets.first) {
      over.push(`${page}: opened first it needs ${sum(own) + sum(shell)} bytes, at most ${budgets.first}`);
    }
  }
  const styles = Object.keys(files).filter((name) => name.endsWith(".css"));
  if (sum(styles) > budgets.styles) {
    over.push(`styles: ${sum(styles)} bytes, at most ${budgets.styles}`);
  }
  expect(over).toEqual([]);
});

test("the list of machines is drawn after eight requests", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await machineAdded(server, "first-a");
  await using window = await consoleWindow(browser, server);
  const requests: string[] = [];
  let atList = 0;
  window.page.on("request", (request) => {
    requests.push(new URL(request.url()).pathname);
    if (atList === 0 && request.url().endsWith("/MachineList")) {
      // What the page asks for once the rows are there comes after it.
      atList = requests.length;
    }
  });
  await window.open("/machines");
  await window.page.getByRole("row").filter({ hasText: "first-a" }).waitFor();
  const until = requests.slice(0, atList);
  expect(until).toContain("/farrier.operator.v1.MachineService/MachineList");
  expect(until, until.join("\n")).toHaveLength(Math.min(8, until.length));
});

test("a page's own script is on its way before the console's script has run", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await consoleWindow(browser, server);
  const { page } = window;
  const held = Promise.withResolvers<void>();
  await page.route(/\/assets\/base-[\w-]{8}\.js$/u, async (route) => {
    await held.promise;
    await route.continue();
  });
  for (const [path, script] of [
    ["/", "overview"],
    ["/machines?order=state", "machines"],
    ["/machines/first-a/timeline", "machine"],
  ] as const) {
    await Promise.all([
      page.waitForRequest((request) => new RegExp(`/assets/${script}-[\\w-]{8}\\.js$`, "u").test(request.url())),
      page.goto(`${server.url}/console${path}`, { waitUntil: "commit" }),
    ]);
  }
  held.resolve();
  await page.getByRole("heading", { level: 1, name: "first-a" }).waitFor();
  // Each script is loaded once, and nothing is loaded that the page does not need.
  expect(window.wrong).toEqual([]);
});
