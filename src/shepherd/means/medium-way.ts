import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { isMediumUrl, mediumSecret, mediumUrl } from "../../contract/medium-path.ts";
import { agentMemoryMiB } from "../../contract/agent-memory.ts";
import { ControllerError } from "../../controllers/controller.ts";
import type { Database } from "../../database/connect.ts";
import type { MachineId } from "../../database/ids.ts";
import { mediumProgress, type MediumProgress } from "../../database/queries/boot/boot-medium.ts";
import { mediumServer } from "../../database/queries/boot/medium-server.ts";
import { controllerOf } from "../../database/queries/controller/controller.ts";
import { describeError } from "../../lib/errors.ts";
import type { Controllers } from "../controllers.ts";
import type { BootWay } from "./boot-way.ts";

/**
 * A boot from a virtual medium, which the machine's controller fetches from `farrier netboot`. The machine needs no DHCP
 * server, and its token reaches nobody but the controller.
 */
export function mediumWay(database: Database, controllers: Controllers, machineId: MachineId): BootWay {
  return {
    from: "its virtual medium",
    prepare: async () => {
      const server = await mediumServer(database, machineId);
      const controller = await controllerOf(database.kysely, machineId);
      if (server === undefined || controller === undefined) {
        throw new ControllerError(
          "unsupported",
          "no boot medium is served: `farrier boot-image build --iso` makes one",
        );
      }
      const secret = mediumSecret();
      const url = mediumUrl(server.url, secret);
      return {
        medium: { digest: secret.digest, way: "medium", fetchers: await controllerAddresses(controller.url) },
        on: (signal) =>
          controllers.use(machineId, async (client) => {
            // What an interrupted start has left in another drive, from which the machine would boot nothing.
            await client.mediaEject(isOwnMedium, signal);
            await client.mediaInsert(url, signal);
            await client.bootSet("media", { once: true, signal });
            await client.powerSet("on", signal);
          }),
      };
    },
    notCome: async () => mediumNotCome(await mediumProgress(database, machineId)),
  };
}

/** Whether a medium may be Farrier's own: also if its controller does not show what is inserted. Pure. */
export function isOwnMedium(image: string | undefined): boolean {
  return image === undefined || isMediumUrl(image);
}

/** Ejects a medium of Farrier's own. */
export async function ownMediumEject(
  controllers: Controllers,
  machineId: MachineId,
  signal: AbortSignal,
): Promise<void> {
  await controllers.use(machineId, (client) => client.mediaEject(isOwnMedium, signal));
}

/** The addresses of a controller, from which its medium may be fetched. @throws {ControllerError} `unreachable` */
export async function controllerAddresses(url: string): Promise<string[]> {
  const host = new URL(url).hostname.replaceAll(/^\[|\]$/gu, "");
  if (isIP(host) !== 0) {
    return [host];
  }
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address.replace(/%.*$/u, ""));
  } catch (error) {
    throw new ControllerError("unreachable", `the address of its controller is not known: ${describeError(error)}`);
  }
}

/** The reason why no agent came from a medium. Pure. */
export function mediumNotCome(progress: MediumProgress | undefined): string {
  if (progress?.fetched === true) {
    return `its controller fetched the medium: look at its console; has it too little memory (the agent needs ${agentMemoryMiB} MiB), does its network have a DHCP server or has the machine a network record, and does it reach the agent port`;
  }
  return progress?.refusedFetcher === undefined
    ? "its controller never fetched the medium: does the controller reach `farrier netboot` at its --media-url"
    : `its medium was requested from ${progress.refusedFetcher}, which is not its controller's address, and was refused: add the controller by the address from which it reaches \`farrier netboot\``;
}
