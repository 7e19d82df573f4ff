// Every page for each role, in both themes, wide and narrow: with next to nothing on it, and with something.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { machineTabs, paths } from "../../console/paths.ts";
import { machineStates } from "../../src/database/machine-state.ts";
import { AxeOnce } from "./support/axe-once.ts";
import { browserMissing, browserRest, browserStart } from "./support/browser.ts";
import { imageAdded, profileApplied } from "./support/console-catalogue.ts";
import { machineAdded } from "./support/console-machines.ts";
import { consoleWindow, sizes } from "./support/console-page.ts";
import { consoleServer, type ConsoleServer } from "./support/console-server.ts";
import { fleetFill, type FilledFleet } from "./support/filled-fleet.ts";
import { looks, pageFaults, type WalkedPage } from "./support/page-faults.ts";

let server: ConsoleServer;
let browser: Browser;
let fleet: FilledFleet | undefined;
const axe = new AxeOnce();
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
  await browserRest(browser);
  await fleet?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

/** The pages of every builder of addresses, and a text that is there once one has its data. */
type Walk = Record<keyof typeof paths, readonly WalkedPage[]>;

/** The pages of the catalogue, and what has no page of its own. */
const catalogue = {
  images: [[paths.images(), "debian-13"]],
  image: [[paths.image("debian-13"), "debian-13"]],
  profiles: [[paths.profiles(), "web"]],
  profile: [[paths.profile("web"), "web"]],
  profileNew: [[paths.profileNew()]],
  // A viewer is shown the profile.
  profileEdit: [[paths.profileEdit("web"), /^(?:What would change|Versions)$/u]],
  signIn: [[paths.signIn(), "Token"]],
  rollouts: [[paths.rollouts(), "There is no rollout yet"]],
  webhooks: [[paths.webhooks(), "There is no webhook yet"]],
  // A rollout, and the dialog that plans one: rollouts-webhooks.test.ts.
  rollout: [],
  rolloutNew: [],
  // A dialog: dialogs.test.ts.
  install: [],
  // An entry of a page: edges.test.ts.
  timelineEntry: [],
} satisfies Partial<Walk>;

/** With one machine, which nothing was asked of: what does not depend on the fleet is seen with the other. */
const bare: Partial<Walk> = {
  overview: [[paths.overview()]],
  machines: [[paths.machines(), "web1"]],
  machine: machineTabs.map((tab) => [paths.machine("web1", tab)]),
  installations: [[paths.installations()]],
  approvals: [[paths.approvals()]],
  providers: [[paths.providers()]],
  work: [[paths.work()]],
  access: [[paths.access(), "this browser"]],
  metrics: [[paths.metrics()]],
};

function filled({ inState }: FilledFleet): Walk {
  return {
    ...catalogue,
    overview: [[paths.overview(), "1 installation has failed"]],
    machines: [[paths.machines(), inState["agent-lost"]]],
    machine: [
      ...machineTabs.map(
        (tab) => [paths.machine(inState.ready, tab), tab === "hardware" ? "Samsung PM9A3" : "Why is it here?"] as const,
      ),
      [paths.machine(inState["install-failed"], "installation"), "no disk matches"],
      [paths.machine(inState.installing, "installation"), "writing"],
    ],
    installations: [[paths.installations(), "no disk matches"]],
    approvals: [[paths.approvals(), "One machine was claimed twice"]],
    providers: [[paths.providers(), "rack-control"]],
    work: [[paths.work(), "ECONNREFUSED"]],
    access: [
      [paths.access(), "this browser"],
      [`${paths.access()}?tab=tokens`, "Tokens"],
      [`${paths.access()}?tab=credentials`, "Credentials"],
      [`${paths.access()}?tab=audit`, "Audit"],
    ],
    metrics: [[paths.metrics(), "rack-control"]],
  };
}

const { lightDesk, darkDesk, darkPhone, lightPhone } = looks;

test.for([
  ["viewer", [lightDesk]],
  ["admin", [darkPhone]],
] as const)(
  "each page of a fleet of one machine entered cold, for %s: nothing in the browser's console, nothing found by axe, nothing wider than the window",
  async ([role, ways], context) => {
    context.skip(browserMissing !== undefined, browserMissing);
    await using window = await consoleWindow(browser, server, { role });
    expect(await pageFaults(window, axe, Object.values(bare).flat(), ways)).toEqual([]);
  },
);

describe("a fleet with something on each page", () => {
  let full: FilledFleet;
  beforeAll(async () => {
    if (browserMissing === undefined) {
      full = await fleetFill(server);
      fleet = full;
    }
  });

  test.for([
    ["viewer", [lightDesk, darkPhone]],
    ["operator", [darkDesk, lightPhone]],
    ["admin", [lightDesk, darkDesk, darkPhone, lightPhone]],
  ] as const)(
    "each page entered cold, for %s: nothing in the browser's console, nothing found by axe, nothing wider than the window",
    async ([role, ways], context) => {
      context.skip(browserMissing !== undefined, browserMissing);
      await using window = await consoleWindow(browser, server, { role });
      expect(await pageFaults(window, axe, Object.values(filled(full)).flat(), ways)).toEqual([]);
    },
  );

  test("a machine in each state: nothing found by axe, nothing wider than the window", async (context) => {
    context.skip(browserMissing !== undefined, browserMissing);
    await using window = await consoleWindow(browser, server, { role: "operator" });
    const pages = machineStates.map((state): WalkedPage => [
      paths.machine(full.inState[state]),
      state === "ready" || state === "installed" ? "Why is it here?" : "waits for",
    ]);
    // By the links of the list, as an operator goes from one to the next.
    const { page } = window;
    await window.open(paths.machines());
    const list = page.getByRole("heading", { level: 1, name: "Machines" });
    const enter = async (path: string): Promise<void> => {
      if (!(await list.isVisible())) {
        await page.goBack();
        await list.waitFor();
      }
      const name = path.slice(path.lastIndexOf("/") + 1);
      await page.getByRole("link", { name, exact: true }).click();
      await page.getByRole("heading", { level: 1, name }).waitFor();
    };
    expect(await pageFaults(window, axe, pages, [lightDesk, darkPhone], enter)).toEqual([]);
  });

  test("two agents that say they are one machine stand side by side, with both keys and addresses", async (context) => {
    context.skip(browserMissing !== undefined, browserMissing);
    for (const size of [sizes.desk, sizes.phone]) {
      await using window = await consoleWindow(browser, server, { role: "operator", size });
      const { page } = window;
      await window.open(paths.approvals());
      const claimed = page.getByRole("region", { name: "One machine was claimed twice" });
      await claimed.getByRole("link", { name: full.claimedTwice }).waitFor();
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
});
