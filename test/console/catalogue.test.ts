import { createClient } from "@connectrpc/connect";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { paths } from "../../console/paths.ts";
import { ImageService, ImageState } from "../../gen/farrier/operator/v1/image_pb.ts";
import { InstallationState, MachineService } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { imageServer, type ImageServer } from "../support/image-server.ts";
import { waitFor } from "../support/wait.ts";
import { browserMissing, browserRest, browserStart } from "./support/browser.ts";
import { imageAdded, profileApplied } from "./support/console-catalogue.ts";
import { machineAdded } from "./support/console-machines.ts";
import { consoleWindow } from "./support/console-page.ts";
import { consoleServer, type ConsoleServer } from "./support/console-server.ts";

let server: ConsoleServer;
let browser: Browser;
let images: ImageServer;
beforeAll(async () => {
  if (browserMissing === undefined) {
    [server, browser, images] = await Promise.all([consoleServer(), browserStart(), imageServer()]);
    await machineAdded(server, "web1", { rack: "b12" });
  }
});
afterAll(async () => {
  await browserRest(browser);
  await images?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

test("an image is added, what is wrong with it is said, it gets a tag, and is deleted", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  const noise = images.serve("noise.raw", Buffer.alloc(1 << 20, 7));
  const good = images.serve("good.raw", biosImage());
  await using window = await consoleWindow(browser, server, { role: "operator" });
  const { page } = window;
  await window.open(paths.images());
  await page.getByText("The catalogue is empty").waitFor();
  await page.getByRole("button", { name: "Add an image" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name" }).fill("debian");
  await dialog.getByRole("textbox", { name: "Address" }).fill(noise.url);
  await dialog.getByRole("button", { name: "Add debian" }).click();
  await page.getByRole("heading", { level: 1, name: "debian" }).waitFor();
  const first = page.getByRole("region", { name: "debian@1" });
  // A file without a partition table: no firmware would start it.
  await first.getByText("failed", { exact: true }).waitFor();
  await first
    .getByText(/firmware|boot/u)
    .first()
    .waitFor();
  await page.getByRole("button", { name: "Add a version" }).click();
  await dialog.getByRole("textbox", { name: "Address" }).fill(good.url);
  await dialog.getByRole("textbox", { name: "Digest" }).fill(good.digest);
  await dialog.getByRole("button", { name: "Add debian" }).click();
  const second = page.getByRole("region", { name: "debian@2" });
  await second.getByText("latest", { exact: true }).waitFor();
  await second.getByRole("button", { name: "Tags of debian@2" }).click();
  await dialog.getByRole("textbox", { name: "Tag" }).fill("stable");
  await dialog.getByRole("button", { name: "Set stable to debian@2" }).click();
  await second.getByText("stable", { exact: true }).waitFor();
  await first.getByRole("button", { name: "Delete debian@1" }).click();
  await dialog.getByRole("textbox", { name: "Type debian@1 to confirm" }).fill("debian@1");
  await dialog.getByRole("button", { name: "Delete debian@1", exact: true }).click();
  await first.waitFor({ state: "detached" });
  expect(window.wrong).toEqual([]);
});

/** A disk image that a BIOS would start: boot code, and an active partition. */
function biosImage(): Buffer {
  const image = Buffer.alloc(4 << 20);
  image.fill(0x90, 0, 440);
  image.set([0x80, 0, 0, 0, 0x83, 0, 0, 0], 446);
  image.writeUInt32LE(2048, 454);
  image.writeUInt32LE(4096, 458);
  image.set([0x55, 0xaa], 510);
  return image;
}

const yaml = (domain: string): string => `name: web
image: debian-13
disk: min=1G
values:
  domain: ${domain}
user_data: |
  #cloud-config
  fqdn: {{ machine.name | append: "." | append: values.domain | yaml }}
`;

test("a profile is written, previewed on a machine, applied, and changed; what would change is shown", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await imageAdded(server, "debian-13", images.serve("other.raw", Buffer.alloc(1 << 20, 7)).url);
  await using window = await consoleWindow(browser, server, { role: "operator" });
  const { page } = window;
  await window.open(paths.profileNew());
  const text = page.getByRole("textbox", { name: "The profile, as its file" });
  await text.fill("name: web\nimage: debian-13\ndisk: min=1G\nimages: x\n");
  await page.getByText("line 1: has fields that are not known: images").waitFor();
  await text.fill(yaml("example.org"));
  await page.getByRole("textbox", { name: "Machine" }).fill("web1");
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByText('fqdn: "web1.example.org"').waitFor();
  await page.getByRole("button", { name: "Apply web" }).click();
  await page.getByRole("heading", { level: 1, name: "web" }).waitFor();
  await page.getByRole("button", { name: "Change it" }).click();
  await text.fill(yaml("example.net"));
  await page.getByText("example.net").last().waitFor();
  await page.getByRole("region", { name: "What would change" }).getByText("example.org").first().waitFor();
  await page.getByRole("button", { name: "Apply web" }).click();
  await page.getByRole("cell", { name: "2", exact: true }).waitFor();
  await page.getByRole("button", { name: "Show version 1" }).click();
  await page.getByRole("region", { name: "From web@1 to version 2" }).getByText("example.net").first().waitFor();
  expect(window.wrong).toEqual([]);
});

test("a machine is installed by a profile: a missing value is said, and the request names profile and image", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await imageAdded(server, "base", images.serve("base.raw", biosImage()).url);
  const { images: catalogue, machines } = clients();
  await waitFor("the image", async () => {
    const { image } = await catalogue.imageShow({ image: "base" });
    return image?.state === ImageState.READY;
  });
  await profileApplied(server, "base", {
    image: "base",
    rootDisk: { minBytes: 1n },
    userData: "#cloud-config\nhostname: {{ values.host | yaml }}\n",
    values: [{ name: "host" }],
  });
  await using window = await consoleWindow(browser, server, { role: "operator" });
  const { page } = window;
  await page.goto(`${server.url}/console${paths.install("web1")}`);
  const dialog = page.getByRole("dialog", { name: "Install web1" });
  await dialog.getByRole("button", { name: "By a profile" }).click();
  await dialog.getByRole("combobox", { name: "Profile" }).selectOption("base");
  await dialog
    .getByText(/"host" is missing/u)
    .first()
    .waitFor();
  await dialog.getByRole("textbox", { name: "host" }).fill("one");
  const send = dialog.getByRole("button", { name: "Install base@1 by base@1 on web1" });
  await Promise.all([page.getByText("web1: generation 1 is requested").first().waitFor(), send.click()]);
  await dialog.waitFor({ state: "detached" });
  const { machine } = await machines.machineShow({ machine: "web1" });
  expect(machine?.installation).toMatchObject({ generation: 1n, state: InstallationState.PENDING });
});

/** Calls as an admin. */
function clients() {
  return {
    images: createClient(ImageService, server.transport),
    machines: createClient(MachineService, server.transport),
  };
}
