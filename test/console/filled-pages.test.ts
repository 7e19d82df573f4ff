// Every page with something on it, for each role, in both themes, wide and narrow.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { machineTabs, paths } from "../../console/paths.ts";
import { machineStates } from "../../src/database/machine-state.ts";
import { axeViolations } from "./support/axe.ts";
import { browserMissing, browserStart } from "./support/browser.ts";
import { consoleWindow, sizes, type ConsoleWindow } from "./support/console-page.ts";
import { consoleServer, type ConsoleServer } from "./support/console-server.ts";
import { fleetFill, type FilledFleet } from "./support/filled-fleet.ts";

let server: ConsoleServer;
let browser: Browser;
let fleet: FilledFleet;
beforeAll(async () => {
  if (browserMissing === undefined) {
    [server, browser] = await Promise.all([consoleServer(), browserStart()]);
    fleet = await fleetFill(server);
  }
});
afterAll(async () => {
  await browser?.close();
  await fleet?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

/** Pages, and a text that is there once they have their data. */
function filledPages(): [path: string, shows: string][] {
  const { inState } = fleet;
  return [
    [paths.overview(), "1 installation has failed"],
    [paths.machines(), inState["agent-lost"]],
    [paths.installations(), "no disk matches"],
    [paths.approvals(), "One machine was claimed twice"],
    [paths.providers(), "rack-control"],
    [paths.work(), "ECONNREFUSED"],
    [paths.metrics(), "rack-control"],
    [paths.access(), "this browser"],
    [`${paths.access()}?tab=tokens`, "Tokens"],
    [`${paths.access()}?tab=credentials`, "Credentials"],
    [`${paths.access()}?tab=audit`, "Audit"],
    [paths.machine(inState.ready, "hardware"), "Samsung PM9A3"],
    [paths.machine(inState["install-failed"], "installation"), "no disk matches"],
    [paths.machine(inState.installing, "installation"), "writing"],
    [paths.signIn(), "Token"],
  ];
}

const looks = [
  { colorScheme: "light", size: sizes.desk },
  { colorScheme: "dark", size: sizes.desk },
  { colorScheme: "dark", size: sizes.phone },
  { colorScheme: "light", size: sizes.phone },
] as const;

/** What is wrong with pages, each looked at in these ways; nothing is read anew for the next. */
async function faults(
  window: ConsoleWindow,
  pages: readonly [path: string, shows: string][],
  ways: readonly (typeof looks)[number][],
): Promise<unknown[]> {
  const { page } = window;
  const found: unknown[] = [];
  for (const [path, shows] of pages) {
    const before = window.wrong.length;
    await window.open(path);
    await page.getByText(shows).filter({ visible: true }).first().waitFor();
    for (const { colorScheme, size } of ways) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      const violations = await axeViolations(page);
      const over = await page.evaluate<number>("Math.max(0, document.documentElement.scrollWidth - innerWidth)");
      if (violations.length > 0 || over > 0) {
        found.push({ path, colorScheme, width: size.width, over, violations });
      }
    }
    await page.setViewportSize(sizes.desk);
    const wrong = window.wrong.slice(before).filter((line) => !isNoController(line));
    if (wrong.length > 0) {
      found.push({ path, wrong });
    }
  }
  return found;
}

/** A machine without a controller: the browser itself notes the answer "not found"; the tab says it. */
function isNoController(line: string): boolean {
  return line.includes("status of 404") && line.includes("ControllerService/ControllerShow");
}

test.for([
  ["viewer", looks.filter((_, index) => index % 2 === 0)],
  ["operator", looks.filter((_, index) => index % 2 === 1)],
  ["admin", looks],
] as const)(
  "each page of a filled fleet, for %s: nothing found by axe, nothing wider than the window",
  async ([role, ways], context) => {
    context.skip(browserMissing !== undefined, browserMissing);
    await using window = await consoleWindow(browser, server, { role });
    expect(await faults(window, filledPages(), ways)).toEqual([]);
  },
);

test("a machine in each state, and each tab of one: nothing found by axe, nothing wider than the window", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await consoleWindow(browser, server, { role: "operator" });
  const pages = [
    ...machineStates.map((state): [string, string] => [
      paths.machine(fleet.inState[state]),
      state === "ready" || state === "installed" ? "Why is it here?" : "waits for",
    ]),
    ...machineTabs.map((tab): [string, string] => [paths.machine(fleet.inState.ready, tab), "Why is it here?"]),
  ];
  expect(await faults(window, pages, [looks[0], looks[2]])).toEqual([]);
});

test("two agents that say they are one machine stand side by side, with both keys and addresses", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  for (const size of [sizes.desk, sizes.phone]) {
    await using window = await consoleWindow(browser, server, { role: "operator", size });
    const { page } = window;
    await window.open(paths.approvals());
    const claimed = page.getByRole("region", { name: "One machine was claimed twice" });
    await claimed.getByRole("link", { name: fleet.claimedTwice }).waitFor();
    for (const title of ["Let in first", "Came second"]) {
      const claimant = claimed.locator("div").filter({ has: page.getByRole("heading", { name: title }) });
      await claimant
        .getByText(/^key [0-9a-f]{16}…$/u)
        .first()
        .waitFor();
      await claimant.getByText("from 127.0.0.1").first().waitFor();
    }
    const keys = await claimed.getByText(/^key [0-9a-f]{16}…$/u).allTextContents();
    expect(new Set(keys).size).toBe(2);
    const [first, second] = await Promise.all(
      ["Let in first", "Came second"].map(async (name) => await claimed.getByRole("heading", { name }).boundingBox()),
    );
    // Side by side; one below the other on a phone.
    expect(size === sizes.desk ? first?.y === second?.y : first?.x === second?.x).toBe(true);
  }
});
