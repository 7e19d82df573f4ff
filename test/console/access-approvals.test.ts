import { randomUUID } from "node:crypto";
import { createClient } from "@connectrpc/connect";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AccessService } from "../../gen/farrier/operator/v1/access_pb.ts";
import { ConsoleService } from "../../gen/farrier/operator/v1/console_pb.ts";
import { EnrollmentService } from "../../gen/farrier/operator/v1/enrollment_pb.ts";
import { MachineService } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { waitFor } from "../support/wait.ts";
import { agentAsks } from "./support/asking-agent.ts";
import { browserMissing, browserRest, browserStart } from "./support/browser.ts";
import { machineAdded, machineQuarantined } from "./support/console-machines.ts";
import { consoleWindow, sizes } from "./support/console-page.ts";
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

const machines = () => createClient(MachineService, server.transport);
const row = (page: Page, text: string) => page.getByRole("row").filter({ hasText: text });

test("a token is made, its secret is shown once and works, and it is revoked", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await consoleWindow(browser, server, { role: "admin" });
  const { page } = window;
  await window.open("/access?tab=tokens");
  await page.getByRole("button", { name: "Make a token…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("Erin!");
  await dialog.getByText("expected a-z").waitFor();
  await dialog.getByLabel("Name").fill("erin");
  await dialog.getByLabel("Role").selectOption("operator");
  await dialog.getByRole("button", { name: "Make a token of erin, operator" }).click();
  await dialog.getByText("The secret is shown this once").waitFor();
  const secret = (await dialog.locator("code").textContent()) ?? "";
  expect(secret).toMatch(/^frr_[\w-]{43}$/u);
  await dialog.getByRole("button", { name: "I have kept it" }).click();
  await row(page, "erin").filter({ hasText: "valid" }).waitFor();
  expect(await page.content()).not.toContain(secret);
  const who = await fetch(`${server.url}/farrier.operator.v1.AccessService/WhoAmI`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: "{}",
  });
  expect(await who.json()).toMatchObject({ name: "erin", role: "ROLE_OPERATOR" });

  await page.getByRole("button", { name: "Revoke the token of erin" }).click();
  await dialog.getByRole("button", { name: "Revoke the token of erin" }).click();
  await dialog.waitFor({ state: "hidden" });
  await waitFor("the end of the row", async () => (await row(page, "erin").count()) === 0);
  await page.getByLabel("Revoked and expired ones too").check();
  await row(page, "erin").filter({ hasText: "revoked" }).waitFor();
  await page.getByRole("tab", { name: "Audit" }).click();
  await row(page, "TokenRevoke").filter({ hasText: "done" }).first().waitFor();
  expect(window.wrong).toEqual([]);
});

test("the audit names a machine by its name, a deleted machine too, and links to what is left of it", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  const ids: string[] = [];
  for (const name of ["kept1", "gone1"]) {
    const { id } = await machineAdded(server, name);
    // As a page names it.
    await machineQuarantined(server, id);
    await machines().machineRelease({ requestId: randomUUID(), machine: id });
    ids.push(id);
  }
  const [kept = "", gone = ""] = ids;
  await machines().machineDelete({ requestId: randomUUID(), machine: gone });
  await using window = await consoleWindow(browser, server, { role: "admin" });
  const { page } = window;
  for (const [id, name] of [
    [kept, "kept1"],
    [gone, "gone1"],
  ] as const) {
    await window.open("/access?tab=audit");
    const quarantined = row(page, name).filter({ hasText: "MachineQuarantine" });
    await quarantined.waitFor();
    expect(await quarantined.innerText()).not.toContain(id);
    await quarantined.getByRole("link", { name, exact: true }).click();
    await page.waitForURL((url) => url.pathname.includes(id));
    await page.getByRole("heading", { level: 1 }).waitFor();
  }
  await machines().machineDelete({ requestId: randomUUID(), machine: kept });
});

test("another browser is signed out from the list of browsers", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using other = await consoleWindow(browser, server, { role: "viewer" });
  await other.open("/access");
  await using window = await consoleWindow(browser, server, { role: "admin" });
  await window.open("/access");
  await row(window.page, "this browser").waitFor();
  await row(window.page, "console-test-viewer")
    .getByRole("button", { name: /Sign out/u })
    .first()
    .click();
  await waitFor("the end of the session", async () => {
    const { sessions } = await createClient(ConsoleService, server.transport).consoleSessionList({});
    return sessions.every(({ name }) => name !== "console-test-viewer");
  });
  await other.page.reload();
  await other.page.getByRole("dialog", { name: "You are signed out" }).waitFor();
});

test("a viewer sees what a viewer may see, and why not the rest", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await consoleWindow(browser, server, { role: "viewer" });
  const { page } = window;
  await window.open("/access?tab=tokens");
  await page.getByText("An admin can see and make tokens; you are a viewer").waitFor();
  await window.open("/approvals");
  const open = page.getByRole("button", { name: "Open a window…" });
  expect(await open.getAttribute("aria-disabled")).toBe("true");
  expect(window.wrong).toEqual([]);
});

test("agents that ask are let in: one as a known machine, others as new ones with names from a pattern; one is rejected", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  const smbiosUuid = randomUUID();
  await machines().machineAdd({
    requestId: randomUUID(),
    provider: "static",
    providerId: "db1",
    name: "db1",
    smbiosUuid,
  });
  await agentAsks(server, { serialNumber: "KNOWN1", smbiosUuid });
  for (const last of ["01", "02", "03"]) {
    await agentAsks(server, { serialNumber: `NEW${last}`, macs: [`52:54:00:00:00:${last}`] });
  }
  await agentAsks(server, { serialNumber: "STRANGE", macs: ["52:54:00:00:00:99"] });
  await using window = await consoleWindow(browser, server, { role: "operator" });
  const { page } = window;
  await window.open("/approvals");
  const dialog = page.getByRole("dialog");
  const agent = (serial: string) => page.getByRole("listitem").filter({ hasText: serial });
  await agent("KNOWN1").getByText("Says that it is db1").waitFor();
  await agent("KNOWN1")
    .getByRole("button", { name: /^Approve/u })
    .click();
  await dialog.getByRole("button", { name: "Let it in as db1" }).click();
  await agent("KNOWN1").waitFor({ state: "detached" });

  for (const serial of ["NEW01", "NEW02", "NEW03"]) {
    await agent(serial).getByRole("checkbox").check();
  }
  await page.getByRole("button", { name: "Approve 3 as new…" }).click();
  await dialog.getByLabel("Names").fill("rack7-{nn}");
  await dialog.getByLabel("Count from").fill("9");
  await dialog.getByRole("button", { name: "Let 3 in, rack7-09 to rack7-11" }).click();
  await dialog.getByRole("button", { name: "Stop after those that run" }).waitFor({ state: "detached" });
  expect(await dialog.getByText("let in", { exact: true }).count()).toBe(3);
  await dialog.getByRole("button", { name: "Close" }).last().click();

  await agent("STRANGE")
    .getByRole("button", { name: /^Reject/u })
    .click();
  await dialog.getByRole("button", { name: "Reject it" }).click();
  await page.getByText("No agent waits.").waitFor();
  await page.getByLabel("Rejected agents too").check();
  await agent("STRANGE").getByText("rejected by console-test-operator").waitFor();
  const { machines: all } = await machines().machineList({});
  expect(all.map(({ name }) => name).toSorted()).toEqual(["db1", "rack7-09", "rack7-10", "rack7-11"]);
  expect(window.wrong).toEqual([]);
});

test("a boot window is opened, seen with what is left of it, and closed", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await machines().machineAdd({
    requestId: randomUUID(),
    provider: "static",
    providerId: "w1",
    name: "window1",
    macs: ["52:54:00:77:00:01"],
  });
  await using window = await consoleWindow(browser, server, { role: "operator", size: sizes.phone });
  const { page } = window;
  await window.open("/approvals");
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Open a window…" }).click();
  await dialog.getByLabel("Machine").fill("nobody");
  await dialog.getByRole("button", { name: "Open a boot window for nobody" }).click();
  await dialog.getByRole("alert").filter({ hasText: "nobody" }).waitFor();
  await dialog.getByLabel("Machine").fill("window1");
  await dialog.getByRole("button", { name: "Open a boot window for window1" }).click();
  await row(page, "window1")
    .getByText(/^in \d+ min/u)
    .waitFor();
  await row(page, "window1").getByRole("button", { name: "Close the boot window of window1" }).click();
  await page.getByText("No boot window is open.").waitFor();
  const { bootWindows } = await createClient(EnrollmentService, server.transport).enrollmentList({});
  expect(bootWindows).toEqual([]);
  const { entries } = await createClient(AccessService, server.transport).auditList({ actor: "console-test-operator" });
  expect(entries.map(({ method }) => method.split("/")[1])).toContain("BootWindowClose");
});
