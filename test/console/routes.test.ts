import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { machineTabs, paths } from "../../console/paths.ts";
import { axeViolations } from "./support/axe.ts";
import { browserMissing, browserStart } from "./support/browser.ts";
import { imageAdded, profileApplied } from "./support/console-catalogue.ts";
import { machineAdded } from "./support/console-machines.ts";
import { consoleWindow, sizes } from "./support/console-page.ts";
import { consoleServer, type ConsoleServer } from "./support/console-server.ts";

let server: ConsoleServer;
let browser: Browser;
beforeAll(async () => {
  if (browserMissing === undefined) {
    [server, browser] = await Promise.all([consoleServer(), browserStart()]);
    await machineAdded(server, "web1", { rack: "b12" });
    // An address that refuses: the page shows the image while it is tried again.
    await imageAdded(server, "debian-13", "http://127.0.0.1:9/debian-13.raw");
    await profileApplied(server, "web", { image: "debian-13", rootDisk: { minBytes: 1n } });
  }
});
afterAll(async () => {
  await browser?.close();
  await server?.[Symbol.asyncDispose]();
});

const routes = [
  paths.overview(),
  paths.machines(),
  ...machineTabs.map((tab) => paths.machine("web1", tab)),
  paths.installations(),
  paths.images(),
  paths.image("debian-13"),
  paths.profiles(),
  paths.profile("web"),
  paths.profileNew(),
  paths.profileEdit("web"),
  paths.approvals(),
  paths.providers(),
  paths.work(),
  paths.access(),
  paths.metrics(),
];

/** A machine without a controller: the browser itself notes the answer "not found"; the tab says it. */
function isNoController(line: string): boolean {
  return line.includes("status of 404") && line.includes("ControllerService/ControllerShow");
}

for (const theme of ["light", "dark"] as const) {
  for (const role of ["viewer", "operator", "admin"] as const) {
    test(`each page opened cold by ${role}, ${theme}: nothing in the browser's console, nothing found by axe`, async (context) => {
      context.skip(browserMissing !== undefined, browserMissing);
      const size = role === "operator" ? sizes.phone : sizes.desk;
      await using window = await consoleWindow(browser, server, { role, theme, size });
      for (const path of routes) {
        const before = window.wrong.length;
        await window.open(path);
        expect({ path, violations: await axeViolations(window.page) }).toEqual({ path, violations: [] });
        const wrong = window.wrong.slice(before).filter((line) => !isNoController(line));
        expect({ path, wrong }).toEqual({ path, wrong: [] });
      }
      await window.open("/nothing");
      await window.page.getByRole("heading", { name: "There is no such page" }).waitFor();
    });
  }
}
