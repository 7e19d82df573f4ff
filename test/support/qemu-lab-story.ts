import { InstallationState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import type { ServedImage } from "./image-server.ts";
import { bootPatience, type QemuLab, type QemuMachine, succeeded } from "./qemu-lab.ts";
import { tinyImage } from "./tiny-image.ts";
import { waitFor } from "./wait.ts";

/** Serves the tiny image as guests reach it. `slow` and `stalls` refer to the original. */
export async function tinyServed(
  lab: QemuLab,
  firmware: "uefi" | "bios" = "uefi",
): Promise<{ image: Pick<ServedImage, "url" | "digest">; served: ServedImage }> {
  const served = lab.place.images.serve(`tiny-${firmware}.raw.zst`, await tinyImage(firmware));
  return { served, image: { url: served.url.replace("127.0.0.1", "10.0.2.2"), digest: served.digest } };
}

/** Installs an image that tells its user data, and waits until it runs; how many seconds that took from the request. */
export async function installAndRun(
  machine: QemuMachine,
  image: Pick<ServedImage, "url" | "digest">,
  word: string,
): Promise<number> {
  const after = (await machine.console()).length;
  const begun = performance.now();
  await succeeded(await machine.installStart(image, word));
  await machine.says(`# ${word}`, { after });
  return (performance.now() - begun) / 1000;
}

/**
 * Cuts a machine's power, gives it back, and waits until what is installed runs again.
 * @param events what it comes to in the machine's history @returns what happened that must not, a line each
 */
export async function powerCycle(
  lab: QemuLab,
  machine: QemuMachine,
  word: string,
  events: readonly string[] = [],
): Promise<string[]> {
  const before = (await machine.history()).length;
  const asked = bootsFromNetwork(lab);
  await machine.power("off");
  const after = (await machine.console()).length;
  await machine.power("on");
  await machine.says(`# ${word}`, { after });
  const more = (await machine.history()).slice(before).map(({ event }) => event);
  return [
    ...(more.join(" ") === events.join(" ") ? [] : [`a power cycle came to ${more.join(", ")}`]),
    ...(bootsFromNetwork(lab) === asked ? [] : ["a power cycle booted from the network"]),
  ];
}

/** How often any machine asked netboot what to boot, since the control plane started. */
function bootsFromNetwork(lab: QemuLab): number {
  return lab.up.stderr.split("a machine boots from the network").length - 1;
}

/** Waits until nothing is pending on a machine, over restarts of the control plane: how it ended. */
export async function settled(machine: QemuMachine, timeoutMs = 2 * bootPatience): Promise<InstallationState> {
  return waitFor(
    `a result on ${machine.name}`,
    async () => {
      const { installation } = await machine.show();
      return installation === undefined || installation.state === InstallationState.PENDING
        ? undefined
        : installation.state;
    },
    { timeoutMs, intervalMs: 200 },
  );
}
