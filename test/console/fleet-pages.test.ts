import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { paths } from "../../console/paths.ts";
import { InstallationService } from "../../gen/farrier/operator/v1/installation_pb.ts";
import { MachineService } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { connect, type Database } from "../../src/database/connect.ts";
import { embeddedReach } from "../../src/database/embedded/embedded-reach.ts";
import { silent } from "../support/fleet.ts";
import { browserMissing, browserRest, browserStart } from "./support/browser.ts";
import { consoleWindow } from "./support/console-page.ts";
import { consoleServer, type ConsoleServer } from "./support/console-server.ts";

let server: ConsoleServer;
let browser: Browser;
let database: Database;
const stack = new AsyncDisposableStack();
/** Where the pictures go that somebody wants to look at; without it none are made. */
const pictures = process.env["FARRIER_CONSOLE_PICTURES"];

beforeAll(async () => {
  if (browserMissing !== undefined) {
    return;
  }
  browser = await browserStart();
  server = stack.use(await consoleServer());
  const reach = stack.use(await embeddedReach(join(server.dataDirectory, "postgres")));
  database = stack.use(connect(reach.connection, { log: silent }));
});
afterAll(async () => {
  await browserRest(browser);
  await stack[Symbol.asyncDispose]();
});

const rows = (text: string, ...values: unknown[]) => database.pool.query(text, values);

/** Machines of two racks: the first has failed, the second and third wait after the same failure, the fourth installs. */
async function fleetMake(): Promise<string[]> {
  const machines = createClient(MachineService, server.transport);
  const installations = createClient(InstallationService, server.transport);
  const image = {
    url: "http://images.test/a.raw",
    digest: `sha256:${"0a".repeat(32)}`,
    rootDisk: { serialNumber: "S" },
  };
  const ids: string[] = [];
  for (let index = 1; index <= 12; index += 1) {
    const { machine } = await machines.machineAdd({
      requestId: randomUUID(),
      provider: "static",
      providerId: `p${index}`,
      name: `node${index}`,
      location: `hall ${index % 2}`,
      labels: { rack: index <= 8 ? "r1" : "r2" },
    });
    ids.push(machine?.id ?? "");
  }
  const [failed = "", second = "", third = "", fourth = ""] = ids;
  for (const machine of [failed, fourth]) {
    await installations.installationRequest({ requestId: randomUUID(), machine, image });
  }
  await rows(
    `INSERT INTO machine_os_installation_report (machine_id, generation, result, error, reported_by)
     VALUES ($1, 1, 'error', 'no disk matches serial=S. Disks: sda', 'agent')`,
    failed,
  );
  await rows(
    `INSERT INTO work_backoff (machine_id, process, backoff_until, last_interval_seconds, cause)
     SELECT m, 'ShepherdAgentStart', now() + interval '1 h', 60, '10.0.0.' || n || ' did not answer'
     FROM unnest($1::uuid[]) WITH ORDINALITY AS u (m, n)`,
    [second, third],
  );
  await rows(
    `INSERT INTO machine_os_installation_progress
       (machine_id, generation, run, phase, bytes_done, bytes_total, detail, bytes_per_second)
     VALUES ($1, 1, '', 'writing', 1200000000, 4000000000, '', 95000000)`,
    fourth,
  );
  await rows("SELECT machine_state_refresh(machine_id) FROM machines");
  return ids;
}

async function picture(page: Page, name: string): Promise<void> {
  if (pictures !== undefined) {
    await mkdir(pictures, { recursive: true });
    await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
  }
}

test("an empty fleet: three ways to the first machine, each with commands to copy", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await consoleWindow(browser, server);
  await window.open(paths.overview());
  await window.page.getByRole("heading", { name: "Overview" }).waitFor();
  await window.page.getByText("There are no machines yet").waitFor();
  expect(await window.page.getByRole("button", { name: /copy/iu }).count()).toBeGreaterThanOrEqual(3);
  await picture(window.page, "overview-empty");
  expect(window.wrong).toEqual([]);
});

describe("a fleet of which some needs somebody", () => {
  let ids: string[];
  beforeAll(async () => {
    if (browserMissing === undefined) {
      ids = await fleetMake();
    }
  });

  test("the overview counts, says what needs somebody, and leads there", async (context) => {
    context.skip(browserMissing !== undefined, browserMissing);
    await using window = await consoleWindow(browser, server);
    const { page } = window;
    await window.open(paths.overview());
    await page.getByRole("heading", { name: "12 machines" }).waitFor();
    await page.getByRole("link", { name: "1 installation has failed" }).waitFor();
    await page.getByRole("row", { name: /node4.*writing/u }).waitFor();
    // The map, by a label, and its table.
    await page.getByLabel("A cell for each").selectOption("label");
    await page.getByLabel("Label", { exact: true }).fill("rack");
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.getByRole("link", { name: /r1 8/u }).waitFor();
    await picture(page, "overview");
    await page.getByRole("button", { name: "As a table" }).click();
    await page.getByRole("row", { name: /r2 4/u }).waitFor();
    expect(new URL(page.url()).search).toContain("map=label%3Arack");
    await picture(page, "overview-table");
    await page.getByRole("link", { name: "r1", exact: true }).click();
    await page.waitForURL(/machines\?label=rack%3Dr1/u);
    expect(window.wrong).toEqual([]);
  });

  test("what changes is counted anew without a reload", async (context) => {
    context.skip(browserMissing !== undefined, browserMissing);
    await using window = await consoleWindow(browser, server);
    await window.open(paths.overview());
    await window.page.getByRole("heading", { name: "12 machines" }).waitFor();
    const [, , , , machine = ""] = ids;
    const machines = createClient(MachineService, server.transport);
    await machines.machineQuarantine({ requestId: randomUUID(), machine, reason: "smells of smoke" });
    await window.page.getByRole("link", { name: "1 machine is in quarantine" }).waitFor();
    await machines.machineRelease({ requestId: randomUUID(), machine });
  });

  test("machines that wait for one cause are tried again together; a viewer is told why not", async (context) => {
    context.skip(browserMissing !== undefined, browserMissing);
    {
      await using viewer = await consoleWindow(browser, server, { role: "viewer" });
      await viewer.open(paths.work());
      // Until the page knows who this is, the server alone decides.
      await viewer.page.getByRole("button", { name: "Try all 2 now", disabled: true }).waitFor();
    }
    await using window = await consoleWindow(browser, server, { role: "operator" });
    const { page } = window;
    await window.open(paths.work());
    await picture(page, "work");
    await page.getByRole("button", { name: "Try all 2 now" }).click();
    await picture(page, "work-dialog");
    await page.getByRole("dialog").getByRole("button", { name: "Try 2 machines now" }).click();
    await page.getByText("2 of 2 may be tried now").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
    await page.getByText("Nothing waits.").waitFor();
    const { rows: left } = await rows("SELECT FROM work_backoff WHERE backoff_until > now()");
    expect(left).toHaveLength(0);
    expect(window.wrong).toEqual([]);
  });

  test("providers and controllers; metrics", async (context) => {
    context.skip(browserMissing !== undefined, browserMissing);
    await using window = await consoleWindow(browser, server);
    const { page } = window;
    await window.open(paths.providers());
    await page.getByRole("article", { name: "static" }).getByText("12 machines").waitFor();
    await page.getByRole("heading", { name: "Management controllers" }).waitFor();
    await picture(page, "providers");
    await window.open(paths.metrics());
    await page.getByRole("row", { name: "machines all 12" }).waitFor();
    await picture(page, "metrics");
    expect(window.wrong).toEqual([]);
  });
});
