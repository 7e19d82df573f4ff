// For those who see little, who hear the page, who want no motion, and who have a small window.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { paths } from "../../console/paths.ts";
import { browserMissing, browserRest, browserStart } from "./support/browser.ts";
import { consoleWindow } from "./support/console-page.ts";
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
  await browserRest(browser);
  await fleet?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

/** What a screen reader is given of a part of the page, one line each. */
const heard = async (page: Page, part = "main"): Promise<string> => await page.locator(part).first().ariaSnapshot();

test("a screen reader's story: find a stuck machine, hear why, copy the command, quarantine it", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  const stuck = fleet.inState["agent-lost"];
  await using window = await consoleWindow(browser, server, { role: "operator" });
  const { page } = window;
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await window.open(paths.overview());
  const lost = page.getByRole("main").getByRole("link", { name: "1 agent-lost", exact: true });
  await lost.waitFor();
  expect(await heard(page, "body")).toMatch(/- navigation "Pages":\n(?: .*\n)*? *- link "Overview"/u);
  // By the links in the order in which they are heard.
  await page
    .getByRole("main")
    .getByRole("link", { name: /agent-lost/u })
    .first()
    .press("Enter");
  await page.getByRole("heading", { level: 1, name: "Machines" }).waitFor();
  // A new page is announced by its heading.
  await expect.poll(async () => await page.evaluate("document.activeElement.tagName")).toBe("H1");
  const table = page.getByRole("table", { name: "Machines" });
  await table.getByRole("row", { name: new RegExp(stuck, "u") }).waitFor();
  await expect.poll(async () => await table.getAttribute("aria-rowcount")).toBe("2");
  const lines = await heard(page);
  expect(lines).toContain('- searchbox "Filter machines"');
  expect(lines).toContain('- button "Remove state agent-lost"');
  expect(lines).toMatch(/- columnheader "State"/u);
  expect(lines).toContain(`- checkbox "Mark ${stuck}"`);
  expect(lines).toMatch(/- cell "agent-lost"/u);
  await page.getByRole("link", { name: stuck, exact: true }).press("Enter");
  await page.getByRole("heading", { level: 1, name: stuck }).waitFor();
  const why = page.getByRole("region", { name: "Explanation" });
  await why.getByText("you can").waitFor();
  const story = await why.ariaSnapshot();
  expect(story).toContain('- button "Why it is here, and what to do" [expanded]');
  for (const term of ["waits for", "because", "you can"]) {
    expect(story).toMatch(new RegExp(`- term: ${term}\\n *- definition`, "u"));
  }
  const remedy = why.getByRole("listitem").filter({ has: page.getByRole("button", { name: /^Copy/u }) });
  const command = await remedy.locator("code").first().innerText();
  await remedy.getByRole("button", { name: "Copy the command" }).first().press("Enter");
  await expect.poll(async () => await page.evaluate("navigator.clipboard.readText()")).toBe(command);
  await page.getByRole("button", { name: "More", exact: true }).press("Enter");
  await page.getByRole("menuitem", { name: /^Quarantine/u }).press("Enter");
  const dialog = page.getByRole("dialog", { name: new RegExp(`Quarantine.*${stuck}`, "u") });
  await dialog.waitFor();
  const asked = await dialog.ariaSnapshot();
  expect(asked).toMatch(/- textbox "Reason"/u);
  expect(asked).toMatch(new RegExp(`- button "Quarantine ${stuck}"`, "u"));
  await dialog.getByRole("textbox", { name: "Reason" }).fill("its board is replaced");
  const send = dialog.getByRole("button", { name: `Quarantine ${stuck}`, exact: true });
  // Said by itself, without the focus, for seconds only: looked for from before the key on.
  const told = page.locator("[aria-live=polite]").filter({ hasText: `${stuck}: is in quarantine` });
  await Promise.all([told.first().waitFor({ state: "attached" }), send.press("Enter")]);
  await page.getByRole("banner").or(page.getByRole("main")).getByText("quarantined").first().waitFor();
  expect(window.wrong).toEqual([]);
});

test("why a button is refused comes with the focus, is its description, and goes by Esc alone", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await consoleWindow(browser, server, { role: "viewer" });
  const { page } = window;
  await window.open(paths.machines());
  await window.open(paths.approvals());
  const refused = page.getByRole("button", { name: "Open a window…" });
  await page.getByRole("heading", { level: 1 }).focus();
  const isThere = async (): Promise<boolean> =>
    await refused.evaluate((button) => button === button.ownerDocument.activeElement);
  for (let steps = 0; steps < 60 && !(await isThere()); steps += 1) {
    await page.keyboard.press("Tab");
  }
  const words = page.getByRole("tooltip");
  await words.waitFor();
  const why = await words.innerText();
  expect(why).toContain("you are a viewer");
  await page.getByRole("button", { name: "Open a window…", description: why }).waitFor();
  // Esc is the key for the page before, too: it closes the words first.
  await page.keyboard.press("Escape");
  await words.waitFor({ state: "detached" });
  await page.getByRole("heading", { level: 1, name: "Approvals" }).waitFor();
  await refused.hover();
  await words.waitFor();
  await words.hover();
  expect(await words.isVisible()).toBe(true);
  await page.mouse.move(0, 0);
  await words.waitFor({ state: "detached" });
  expect(window.wrong).toEqual([]);
});

const small: Record<string, { width: number; height: number; factor: number }> = {
  "320 pixels": { width: 320, height: 640, factor: 1 },
  "a window of 1280 × 800, zoomed to 200 %": { width: 640, height: 400, factor: 2 },
};

test.for(Object.entries(small))(
  "%s: nothing is wider than the window, and a machine can be helped",
  async ([, { width, height, factor }], context) => {
    context.skip(browserMissing !== undefined, browserMissing);
    await using window = await consoleWindow(browser, server, { role: "operator", size: { width, height }, factor });
    const { page } = window;
    const failed = fleet.inState["install-failed"];
    const over: string[] = [];
    for (const path of [
      paths.overview(),
      paths.machines(),
      paths.installations(),
      paths.approvals(),
      paths.providers(),
      paths.work(),
      paths.access(),
      paths.metrics(),
      paths.machine(fleet.inState.ready, "hardware"),
      paths.machine(failed),
    ]) {
      await window.open(path);
      if (!(await page.evaluate<boolean>("document.documentElement.scrollWidth <= innerWidth"))) {
        over.push(path);
      }
    }
    expect(over).toEqual([]);
    await page.getByRole("region", { name: "Explanation" }).getByText("no disk matches").first().waitFor();
    // What a remedy needs is there, and in reach.
    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.getByRole("menuitem", { name: /^Quarantine/u }).click();
    const send = page.getByRole("dialog").getByRole("button", { name: `Quarantine ${failed}`, exact: true });
    await send.scrollIntoViewIfNeeded();
    const box = await send.boundingBox();
    expect(box === null ? undefined : box.x >= 0 && box.x + box.width <= width).toBe(true);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  },
);

test("the user's own colours: bars can be seen, chips have borders, and the focus is shown", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await consoleWindow(browser, server, { role: "viewer" });
  const { page } = window;
  await page.emulateMedia({ forcedColors: "active" });
  await window.open(paths.overview());
  await page.getByRole("progressbar").first().waitFor();
  const seen = await page.evaluate<{ fill: string; ground: string }[]>(`
    [...document.querySelectorAll("[data-fill]")].map((part) => ({
      fill: getComputedStyle(part).backgroundColor,
      ground: getComputedStyle(document.body).backgroundColor,
    }))`);
  expect(seen.length).toBeGreaterThan(0);
  for (const { fill, ground } of seen) {
    expect(fill).not.toBe(ground);
    expect(fill).not.toMatch(/, 0\)$|transparent/u);
  }
  await window.open(paths.machine(fleet.inState.ready));
  const chip = page.locator("[data-chip]").first();
  await chip.waitFor();
  expect(await chip.evaluate((element) => getComputedStyle(element).borderTopStyle)).toBe("solid");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  const outline = await page.evaluate<string>("getComputedStyle(document.activeElement).outlineStyle");
  expect(outline).not.toBe("none");
});

/** Parts of the page that move: by an animation or a transition that takes time. */
const moving = `[...document.querySelectorAll("*")].filter((part) => {
  const { animationName, animationDuration, transitionDuration } = getComputedStyle(part);
  const longest = (durations) => Math.max(...durations.split(",").map((text) => parseFloat(text)));
  return (animationName !== "none" && longest(animationDuration) > 0.01) || longest(transitionDuration) > 0.01;
}).length`;

test("who wants no motion gets none", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await consoleWindow(browser, server, { role: "operator" });
  const { page } = window;
  // A bar whose whole is not known pulses.
  await fleet.database.pool.query("UPDATE machine_os_installation_progress SET bytes_total = 0");
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await window.open(paths.machine(fleet.inState.installing, "installation"));
  await page.locator("[role=progressbar]:not([aria-valuenow])").first().waitFor();
  // Something does move for others, or this would prove nothing.
  expect(await page.evaluate<number>(moving)).toBeGreaterThan(0);
  await page.emulateMedia({ reducedMotion: "reduce" });
  expect(await page.evaluate<number>(moving)).toBe(0);
});
