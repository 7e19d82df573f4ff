import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { ImageService, ImageState } from "../../../gen/farrier/operator/v1/image_pb.ts";
import { RolloutService } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { WebhookService } from "../../../gen/farrier/operator/v1/webhook_pb.ts";
import { connect } from "../../../src/database/connect.ts";
import { embeddedReach } from "../../../src/database/embedded/embedded-reach.ts";
import { silent } from "../../support/fleet.ts";
import { imageServer } from "../../support/image-server.ts";
import { installationsFinish } from "../../support/rollouts.ts";
import { waitFor } from "../../support/wait.ts";
import { biosImageBytes } from "./bios-image.ts";
import { imageAdded, profileApplied } from "./console-catalogue.ts";
import { machineAdded, machineQuarantined } from "./console-machines.ts";
import type { ConsoleServer } from "./console-server.ts";

/** Machines of the rollout, by their place in it; the first wave is the first of them. */
const size = 60;
const wave = 10;

/**
 * Fills a server with an image, an image whose file is missing, a profile, a webhook that is not reached, and a rollout of
 * 60 machines: one was refused, and of its first wave three failed, by which its rule has stopped it.
 */
export async function rolloutStopped(server: ConsoleServer): Promise<{ rollout: string }> {
  await using images = await imageServer();
  await using reach = await embeddedReach(join(server.dataDirectory, "postgres"));
  await using database = connect(reach.connection, { log: silent });
  const fleet = {
    rows: async <Row extends Record<string, unknown>>(text: string, ...values: unknown[]): Promise<Row[]> =>
      (await database.pool.query<Row>(text, values)).rows,
  };
  await imageAdded(server, "debian", images.serve("debian.raw", biosImageBytes()).url);
  await imageAdded(server, "gone", `${images.url}/gone.raw`);
  const catalogue = createClient(ImageService, server.transport);
  await waitFor("the image", async () => {
    const { image } = await catalogue.imageShow({ image: "debian" });
    return image?.state === ImageState.READY;
  });
  await profileApplied(server, "web", { image: "debian", rootDisk: { serialNumber: "S1" } });
  const names = Array.from({ length: size }, (_, index) => `web${String(index + 1).padStart(2, "0")}`);
  for (const name of names) {
    await machineAdded(server, name, { rack: "b12" });
  }
  await machineQuarantined(server, "web42");
  await createClient(WebhookService, server.transport).webhookAdd({
    requestId: randomUUID(),
    name: "tickets",
    url: "https://127.0.0.1:1/hook",
    events: ["installation_*"],
  });
  const rollouts = createClient(RolloutService, server.transport);
  const rollout = "tonight";
  await rollouts.rolloutCreate({
    ...{ requestId: randomUUID(), name: rollout, profile: "web", machines: names },
    ...{ waves: [wave, 0], stopAfter: 3 },
  });
  await rollouts.rolloutStart({ requestId: randomUUID(), rollout });
  const ended = new Set<string>();
  await waitFor("the first wave", async () => {
    const now = await installationsFinish(fleet, (name) =>
      ["web03", "web07"].includes(name)
        ? "disk sda is in use: mounted"
        : name === "web09"
          ? "no disk matches serial=S1. Disks: nvme0n1 (Samsung PM9A3, 3.84 TB, serial S64GNX0R003)"
          : undefined,
    );
    now.forEach((name) => ended.add(name));
    return ended.size >= wave;
  });
  return { rollout };
}
