// `npm run screenshots:every FOLDER [PART]`: a picture of each page in each state that a person may meet, in both themes, wide and
// narrow; with PART, those with it in their names. Look at each: what is wrong, and what to do next, can be read in five seconds.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { paths } from "../../console/paths.ts";
import { machineStates } from "../../src/database/machine-state.ts";
import { browserMissing, browserStart } from "./support/browser.ts";
import { setup } from "./support/build.ts";
import { machineQuarantined } from "./support/console-machines.ts";
import { consoleWindow } from "./support/console-page.ts";
import { consoleServer, type ConsoleServer } from "./support/console-server.ts";
import { fleetFill, type FilledFleet } from "./support/filled-fleet.ts";
import { catalogueMore, fleetHealthy, fleetMore, type MoreCatalogue, type MoreFleet } from "./support/fleet-more.ts";
import { looks } from "./support/page-faults.ts";
import { rolloutStopped } from "./support/rollout-stopped.ts";

/** One picture, in each look. */
interface Picture {
  name: string;
  path: string;
  /** A text that is there once the page has its data. */
  shows: string;
  /** What a person does before it is taken. */
  act?: (page: Page) => Promise<unknown>;
}

const [folder, part = ""] = process.argv.slice(2);
if (folder === undefined) {
  throw new Error("name the folder for the pictures: npm run screenshots:every FOLDER");
}
if (browserMissing !== undefined) {
  throw new Error(browserMissing);
}
await setup();
await mkdir(folder, { recursive: true });
await using browser = await browserStart();
{
  await using server = await consoleServer();
  await take(browser, server, [{ name: "overview-empty", path: paths.overview(), shows: "There are no machines yet" }]);
  await using fleet = await fleetFill(server);
  await take(browser, server, statePictures(fleet));
  const more = await fleetMore(server, fleet);
  await take(browser, server, [...fleetPictures(server, fleet), ...installPictures(fleet, more), signedOut()]);
  for (const [look, { colorScheme: theme, size }] of Object.entries(looks)) {
    await using window = await consoleWindow(browser, server, { theme, size });
    await window.open(paths.overview());
    await server.restart(async () => {
      await window.page.getByText(/^Not live since/u).waitFor();
      await window.page.screenshot({ path: join(folder, `overview-server-away-${look}.png`) });
    });
  }
}
{
  await using server = await consoleServer();
  await using fleet = await fleetHealthy(server);
  const overview = paths.overview();
  await take(browser, server, [{ name: "overview-healthy", path: overview, shows: "100 machines" }]);
  await fleet.fail(3);
  await take(browser, server, [{ name: "overview-3-percent", path: overview, shows: "3 installations have failed" }]);
}
{
  await using server = await consoleServer();
  const { rollout } = await rolloutStopped(server);
  const more = await catalogueMore(server, "tickets");
  await take(browser, server, [...cataloguePictures(rollout), ...profilePictures(more)]);
}
process.stdout.write(`the pictures are in ${folder}\n`);

function statePictures({ inState }: FilledFleet): Picture[] {
  return machineStates.map((state) => ({
    name: `machine-${state}`,
    path: paths.machine(inState[state]),
    shows: state === "ready" || state === "installed" ? "Why is it here?" : "waits for",
  }));
}

function fleetPictures(server: ConsoleServer, { inState }: FilledFleet): Picture[] {
  const list = paths.machines({ name: "row", order: "name" });
  let moved = 0;
  return [
    { name: "overview", path: paths.overview(), shows: "Runs now" },
    { name: "machines-many", path: list, shows: "row0001" },
    {
      name: "machines-filter",
      path: list,
      shows: "row0001",
      act: async (page) => {
        await page.getByRole("button", { name: "State", exact: true }).first().click();
        await page.getByRole("menu").waitFor();
      },
    },
    {
      name: "machines-marked",
      path: list,
      shows: "row0001",
      act: async (page) => {
        for (const key of ["j", "x", "j", "j", "Shift+X"]) {
          await page.keyboard.press(key);
        }
        await page.getByText("3 marked").waitFor();
      },
    },
    {
      name: "machines-moved",
      path: paths.machines({ name: "row", order: "state" }),
      shows: "row",
      act: async (page) => {
        const name = (await page.locator("tbody [data-column=name] a").nth(moved).textContent()) ?? "";
        moved += 1;
        await machineQuarantined(server, name);
        await page.getByRole("button", { name: /\d+ moved/u }).waitFor();
      },
    },
    { name: "timeline-300", path: paths.machine(inState.quarantined, "timeline"), shows: "erin" },
    { name: "hardware-24-disks", path: paths.machine(inState.ready, "hardware"), shows: "What changed" },
    {
      name: "hardware-diff",
      path: paths.machine(inState.ready, "hardware"),
      shows: "What changed",
      act: async (page) => await page.getByRole("heading", { name: "What changed" }).scrollIntoViewIfNeeded(),
    },
    { name: "installations", path: paths.installations(), shows: "no disk matches" },
    { name: "approvals", path: paths.approvals(), shows: "One machine was claimed twice" },
    { name: "providers", path: paths.providers(), shows: "rack-control" },
    { name: "work-400", path: paths.work(), shows: "400" },
    { name: "metrics", path: paths.metrics(), shows: "rack-control" },
    { name: "audit", path: `${paths.access()}?tab=audit`, shows: "MachineQuarantine" },
  ];
}

function cataloguePictures(rollout: string): Picture[] {
  const menu = (name: string, act: (page: Page) => Promise<unknown>) => ({
    ...{ name, path: paths.rollout(rollout), shows: "disk sda is in use: mounted", act },
  });
  return [
    { name: "images", path: paths.images(), shows: "gone" },
    { name: "image-missing", path: paths.image("gone"), shows: "404" },
    { name: "profiles", path: paths.profiles(), shows: "web" },
    { name: "profile", path: paths.profile("web"), shows: "debian" },
    { name: "profile-editor", path: paths.profileEdit("web"), shows: "debian" },
    { name: "rollouts", path: paths.rollouts(), shows: rollout },
    { name: "rollout-new", path: paths.rolloutNew(), shows: "All that match" },
    menu("rollout-stopped", async (page) => await page.getByText(/by its rule no more are begun/u).waitFor()),
    menu("rollout-retry", async (page) => {
      await page.getByRole("button", { name: "Retry failed", exact: true }).click();
      await page.getByRole("dialog", { name: /Retry failed/u }).waitFor();
    }),
    { name: "webhooks", path: paths.webhooks(), shows: "tickets" },
  ];
}

function profilePictures({ profile, machine }: MoreCatalogue): Picture[] {
  const byProfile = (name: string, act: (page: Page) => Promise<unknown>): Picture => ({
    name,
    path: paths.install(machine),
    shows: "By a profile",
    act: async (page) => {
      await page.getByRole("button", { name: "By a profile" }).click();
      await page.getByRole("combobox", { name: "Profile" }).selectOption(profile);
      await act(page);
    },
  });
  return [
    byProfile(
      "install-by-profile-refused",
      async (page) =>
        await page
          .getByText(/"domain" is missing/u)
          .first()
          .waitFor(),
    ),
    byProfile("install-by-profile", async (page) => {
      await page.getByRole("textbox", { name: "domain" }).fill("example.org");
      await page.getByRole("button", { name: /^Erase .*install debian@1 by db@1$/u }).waitFor();
    }),
    {
      name: "profile-preview",
      path: paths.profileEdit(profile),
      shows: "What would change",
      act: async (page) => {
        const text = page.getByRole("textbox", { name: "The profile, as its file" });
        await text.fill((await text.inputValue()).replace("fqdn", "hostname"));
        await page.getByRole("textbox", { name: "Machine" }).fill(machine);
        await page.getByRole("textbox", { name: "domain" }).fill("example.org");
        await page.getByRole("button", { name: "Preview" }).click();
        await page.getByText('hostname: "db1.example.org"').waitFor();
        await page.getByRole("heading", { name: "What would change" }).scrollIntoViewIfNeeded();
      },
    },
    { name: "webhook-dead-letters", path: paths.webhooks("tickets"), shows: "ECONNREFUSED" },
    {
      name: "webhook-refused",
      path: paths.webhooks(),
      shows: "tickets",
      act: async (page) => {
        await page.getByRole("button", { name: "Add a webhook…" }).click();
        await page.getByRole("button", { name: "Add the webhook" }).click({ force: true });
        await page.getByText("This is needed.").first().waitFor();
      },
    },
  ];
}

/** Its window is signed out afterwards. */
function signedOut(): Picture {
  return {
    name: "signed-out",
    path: `${paths.access()}?tab=tokens`,
    shows: "Make a token",
    act: async (page) => {
      await page.getByRole("button", { name: "Make a token…" }).click();
      await page.getByLabel("Name", { exact: true }).fill("bob");
      await page.evaluate("localStorage.setItem('farrier.key', 'x'.repeat(43))");
      await page.getByRole("button", { name: "Make a token of bob, viewer" }).click();
      await page.getByRole("dialog", { name: "You are signed out" }).waitFor();
    },
  };
}

function installPictures({ inState }: FilledFleet, { eightDisks, nearBegin, nearEnd, many }: MoreFleet): Picture[] {
  const image = async (page: Page): Promise<void> => {
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox", { name: "Image" }).fill("https://images.example.org/debian-13.raw.zst");
    await dialog.getByRole("textbox", { name: "Digest" }).fill(`sha256:${"0a".repeat(32)}`);
  };
  const disk = async (page: Page, text: string): Promise<void> =>
    await page.getByRole("dialog").getByRole("textbox", { name: "Disk", exact: true }).fill(text);
  return [
    { name: "installation-3-percent", path: paths.machine(nearBegin, "installation"), shows: "writing" },
    { name: "installation-99-percent", path: paths.machine(nearEnd, "installation"), shows: "writing" },
    {
      name: "installation-failed",
      path: paths.machine(inState["install-failed"], "installation"),
      shows: "no disk matches",
    },
    {
      name: "install-8-disks",
      path: paths.install(eightDisks),
      shows: "Samsung PM9A3",
      act: async (page) => {
        await image(page);
        await page
          .getByRole("dialog")
          .getByRole("button", { name: /S64GNX0R003/u })
          .click();
        await page.getByRole("button", { name: /^Erase/u }).waitFor();
      },
    },
    {
      name: "install-refused",
      path: paths.install(eightDisks),
      shows: "Samsung PM9A3",
      act: async (page) => {
        await image(page);
        await disk(page, "serial=none");
        await page.getByText("no disk matches serial=none").first().waitFor();
      },
    },
    {
      name: "install-overwrites",
      path: paths.install(inState.installed),
      shows: "Install",
      act: async (page) => {
        await image(page);
        await disk(page, "serial=S64GNX0T");
        await page.getByText("to confirm").waitFor();
      },
    },
    {
      name: "install-200-machines",
      path: paths.machines({ labels: [many] }),
      shows: "row",
      act: async (page) => {
        await page.getByRole("button", { name: "All that match" }).click();
        await page.getByRole("menuitem", { name: "Install", exact: true }).click();
        await image(page);
        await disk(page, "name=sda");
        await page.getByText(/^\d+ of \d+ can be requested/u).waitFor();
        await page.getByText(/being checked/u).waitFor({ state: "detached" });
      },
    },
  ];
}

async function take(from: Browser, server: ConsoleServer, pictures: readonly Picture[]): Promise<void> {
  for (const [look, { colorScheme: theme, size }] of Object.entries(looks)) {
    await using window = await consoleWindow(from, server, { theme, size });
    const { page } = window;
    for (const { name, path, shows, act } of pictures.filter(({ name: one }) => one.includes(part))) {
      try {
        await page.goto(`${server.url}/console${path}`);
        await page.getByText(shows).filter({ visible: true }).first().waitFor();
        await act?.(page);
      } catch (error) {
        process.stderr.write(`${name}, ${look}: ${String(error)}\n`);
        process.exitCode = 1;
      }
      await page.screenshot({ path: join(folder ?? "", `${name}-${look}.png`) });
    }
  }
}
