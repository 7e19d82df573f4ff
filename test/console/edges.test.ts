// What nobody does often: long walks, the back button everywhere, text that is meant to harm, a link on a terminal.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { create, toBinary } from "@bufbuild/protobuf";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { paths } from "../../console/paths.ts";
import { AgentHardwareReportSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { waitFor } from "../support/wait.ts";
import { browserMissing, browserRest, browserStart } from "./support/browser.ts";
import { consoleWindow, sizes } from "./support/console-page.ts";
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

const rows = async (text: string, ...values: unknown[]) => await fleet.database.pool.query(text, values);

test("the back button closes the dialog of each command of a machine, and its page stays", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await consoleWindow(browser, server, { role: "admin" });
  const { page } = window;
  await window.open(paths.machines());
  await window.open(paths.machine(fleet.inState.ready));
  const more = page.getByRole("button", { name: "More", exact: true });
  await more.click();
  const allowed = page.locator("[role=menuitem]:not([aria-disabled=true])");
  const entries = await allowed.allInnerTexts();
  expect(entries.length).toBeGreaterThan(5);
  await page.keyboard.press("Escape");
  for (const entry of entries) {
    await more.click();
    await page.getByRole("menuitem", { name: entry, exact: true }).click();
    await page.getByRole("dialog").waitFor();
    await page.goBack();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect([entry, new URL(page.url()).pathname]).toEqual([entry, `/console${paths.machine(fleet.inState.ready)}`]);
    await page.getByRole("heading", { level: 1, name: fleet.inState.ready }).waitFor();
  }
  // Nothing of the dialogs is left in the way back.
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: "Machines" }).waitFor();
  expect(window.wrong).toEqual([]);
});

test("links to what is gone: a page, a machine, a tab, an entry of a timeline", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await consoleWindow(browser, server, { role: "viewer" });
  const { page } = window;
  await window.open("/no-such-page");
  await page.getByRole("heading", { name: "There is no such page" }).waitFor();
  await window.open(paths.machine("00000000-0000-4000-8000-000000000000"));
  await page.getByRole("heading", { name: "There is no such machine" }).waitFor();
  await window.open(paths.timelineEntry(fleet.inState.ready, "2020-01-01T00:00:00.000Z-machine_added"));
  await page.getByRole("list", { name: "Timeline" }).getByText("added").first().waitFor();
  await window.open(`${paths.machine(fleet.inState.ready)}/no-such-tab`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await window.open(`${paths.machines()}?state=no-such-state&order=sideways`);
  await page.getByRole("table", { name: "Machines" }).waitFor();
  await window.open(paths.install("nobody"));
  await page.getByRole("heading", { name: "There is no such machine" }).waitFor();
  // Each is an answer of the server, or of the page; nothing broke.
  expect(window.wrong.filter((line) => !line.includes("status of 404"))).toEqual([]);
});

const nasty = `<img src=x onerror=alert(1)>\u202Etxt.exe\u0000\u001B[31m${"W".repeat(10_000)}`;

test("hostile hardware, errors and addresses: nothing runs, nothing turns round, nothing is wider than the window", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  const report = Buffer.from(
    toBinary(
      AgentHardwareReportSchema,
      create(AgentHardwareReportSchema, {
        report: {
          manufacturer: nasty,
          product: nasty,
          serialNumber: nasty,
          blockDevice: [{ name: nasty, deviceModel: nasty, serialNumber: nasty, capacityBytes: 1n }],
        },
        warning: [nasty],
      }),
    ),
  );
  const machine = fleet.inState.installing;
  await rows(
    `INSERT INTO machine_hardware_report (machine_id, report_number, hardware_reported_at, hardware_report_fingerprint, hardware_report_raw)
     SELECT machine_id, 1, now(), $2, $3 FROM machines WHERE name = $1`,
    machine,
    createHash("sha256").update(report).digest(),
    report,
  );
  // PostgreSQL keeps no NUL.
  const text = nasty.replaceAll("\0", "");
  await rows(
    `INSERT INTO machine_os_installation_report (machine_id, generation, result, error, reported_by)
     SELECT machine_id, 1, 'error', $2, 'agent' FROM machines WHERE name = $1`,
    machine,
    text,
  );
  await rows(
    "UPDATE machine_provided SET provider_location = $2, provider_status = $2 WHERE provider_id = $1",
    "installing",
    text.slice(0, 500),
  );
  for (const size of [sizes.desk, sizes.phone]) {
    await using window = await consoleWindow(browser, server, { role: "operator", size });
    const { page } = window;
    let ran = false;
    page.on("dialog", (dialog) => {
      ran = true;
      void dialog.dismiss();
    });
    for (const path of [
      paths.machine(machine),
      paths.machine(machine, "hardware"),
      paths.machine(machine, "installation"),
      paths.machine(machine, "everything"),
      paths.installations(),
      paths.install(machine),
    ]) {
      await window.open(path);
      await page.getByText("<img src=x").filter({ visible: true }).first().waitFor();
      const seen = await page.evaluate<{ raw: boolean; images: number; over: boolean }>(`({
        raw: /[\\u202e\\u0000\\u001b]/u.test(document.body.innerText),
        images: document.querySelectorAll("img").length,
        over: document.documentElement.scrollWidth > innerWidth,
      })`);
      expect({ path, ...seen }).toEqual({ path, raw: false, images: 0, over: false });
    }
    expect(ran).toBe(false);
    expect(window.wrong).toEqual([]);
  }
});

test("2,000 rows are walked by keyboard; the focus stays on its row wherever the list is scrolled to", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await rows(
    `WITH added AS (
       INSERT INTO machines (name) SELECT 'row' || lpad(n::text, 4, '0') FROM generate_series(1, 2100) AS n RETURNING machine_id
     ) SELECT machine_state_refresh(machine_id) FROM added`,
  );
  await using window = await consoleWindow(browser, server, { role: "viewer" });
  const { page } = window;
  const counting = Promise.withResolvers<void>();
  await page.route(/MachineService\/MachineCount$/u, async (route) => {
    await counting.promise;
    await route.continue();
  });
  await window.open(paths.machines({ name: "row", order: "name" }));
  await page.getByRole("row").filter({ hasText: "row0001" }).waitFor();
  // How many there are, with the heading; -1 while that is not known.
  const rowCount = async (): Promise<string | null> =>
    await page.getByRole("table", { name: "Machines" }).getAttribute("aria-rowcount");
  expect(await rowCount()).toBe("-1");
  counting.resolve();
  await expect.poll(rowCount).toBe("2101");
  const focused = async (): Promise<string> =>
    await page.evaluate<string>("document.activeElement.querySelector('[data-column=name]')?.textContent ?? ''");
  await page.keyboard.press("j");
  await expect.poll(focused).toBe("row0001");
  // Many at a time, as from a key that is held down on a slow computer; each page is read on the way.
  await page.evaluate(`(async () => {
    while (document.activeElement.querySelector("[data-column=name]")?.textContent !== "row2000") {
      for (let count = 0; count < 20; count += 1) {
        document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true, cancelable: true }));
      }
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    }
  })()`);
  expect(await focused()).toBe("row2000");
  expect(await page.evaluate<number>("document.querySelectorAll('tbody tr').length")).toBeLessThan(100);
  const row = await page.evaluate<string>("document.activeElement.getAttribute('aria-rowindex')");
  expect(row).toBe("2001");
  await page.evaluate("document.querySelector('table').parentElement.scrollTop = 0");
  await page.getByRole("row").filter({ hasText: "row0001" }).waitFor();
  expect(await focused()).toBe("row2000");
  await page.keyboard.press("k");
  await expect.poll(focused).toBe("row1999");
  // More than are held: the list goes on from the last row.
  await page.getByRole("button", { name: "Go on from the last row" }).click();
  await page.getByRole("row").filter({ hasText: "row2100" }).waitFor();
});

test("the nights in which summer time ends and begins: of two times that the clock shows twice each is told from the other", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  // In Berlin 2:30 comes twice in the one night, and not at all in the other.
  const nights = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2027-03-28T00:30:00Z", "2027-03-28T01:30:00Z"];
  const local = ["2:30:00 AM GMT+2", "2:30:00 AM GMT+1", "1:30:00 AM GMT+1", "3:30:00 AM GMT+2"];
  await rows("INSERT INTO machines (name) SELECT 'night' || n FROM generate_series(1, $1) AS n", nights.length);
  await rows(
    `INSERT INTO history (at, machine_id, actor_kind, actor, event)
     SELECT u.at, m.machine_id, 'operator', 'erin', 'machine_quarantined' FROM unnest($1::timestamptz[]) AS u (at)
     JOIN machines m ON m.name = 'night1'`,
    nights,
  );
  await rows(
    `WITH found AS (SELECT machine_id, machine_state_refresh(machine_id) FROM machines WHERE name LIKE 'night%')
     SELECT count(*) FROM found`,
  );
  await rows(
    `UPDATE machine_state s SET since = u.at
     FROM unnest($1::timestamptz[]) WITH ORDINALITY AS u (at, n) JOIN machines m ON m.name = 'night' || u.n
     WHERE s.machine_id = m.machine_id`,
    nights,
  );
  await using window = await consoleWindow(browser, server, { role: "viewer", timeZone: "Europe/Berlin" });
  const { page } = window;
  const shown = nights.map((at, index) => [`${at.slice(0, 19).replace("T", " ")} UTC`, local[index]]);
  await window.open(paths.machines({ name: "night", order: "name" }));
  await page.getByRole("row").filter({ hasText: "night4" }).waitFor();
  const titles: string[] = [];
  for (const time of await page.locator("tbody [data-column=for] time").all()) {
    await time.hover();
    titles.push((await time.getAttribute("title")) ?? "");
  }
  // A space of its own may stand before AM.
  const seen = titles.map((title) => title.replaceAll(/\s/gu, (space) => (space === "\n" ? space : " ")).split("\n"));
  expect(seen.map(([utc, wall = ""]) => [utc, wall.slice(wall.lastIndexOf(", ") + 2)])).toEqual(shown);
  // And in the order in which it happened, the newest first.
  await window.open(paths.machine("night1", "timeline"));
  const entries = page.getByRole("list", { name: "Timeline" }).getByRole("listitem").filter({ hasText: "erin" });
  await entries.last().waitFor();
  expect(
    await entries.locator("time").evaluateAll((times) => times.map((time) => time.getAttribute("datetime"))),
  ).toEqual(nights.toReversed().map((at) => new Date(at).toISOString()));
  for (const [index, wall] of local.toReversed().entries()) {
    const words = page.locator("[data-popup]").getByText(wall);
    // What moves under a pointer at rest is not pointed at: the pointer moves there anew.
    await waitFor(
      `${wall} on hover`,
      async () => {
        if (await words.isVisible()) {
          return true;
        }
        await page.mouse.move(0, 0);
        await entries.nth(index).locator("time").hover();
        return false;
      },
      { intervalMs: 2_000 },
    );
    await page.mouse.move(0, 0);
    await page.locator("[data-popup]").waitFor({ state: "detached" });
  }
  expect(window.wrong).toEqual([]);
});

test("the link is printed on a terminal alone, and signs in there", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  const bin = new URL("../../bin/farrier.js", import.meta.url).pathname;
  const line = `'${process.execPath}' '${bin}' console --print --data-dir '${server.dataDirectory}'`;
  const run = promisify(execFile);
  const piped = await run("sh", ["-c", line]).catch((error: unknown) => error as { stdout: string; stderr: string });
  expect(`${piped.stdout}${piped.stderr}`).not.toContain("#code=");
  expect(piped.stderr).toContain("the link is printed only on a terminal");
  // `script` gives it a terminal.
  const { stdout } = await run("script", ["--quiet", "--return", "--command", line, "/dev/null"]);
  const link = /http:\S+\/console\/#code=[\w-]{43}/u.exec(stdout)?.[0] ?? "none";
  const other = await browser.newContext();
  try {
    const page = await other.newPage();
    await page.goto(link);
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  } finally {
    await other.close();
  }
});
