import { mediumSecret, mediumUrl } from "../../contract/medium-path.ts";
import { agentMemoryMiB } from "../../contract/agent-memory.ts";
import { ControllerError } from "../../controllers/controller.ts";
import type { Database } from "../../database/connect.ts";
import type { MachineId } from "../../database/ids.ts";
import { mediumProgress, type MediumProgress } from "../../database/queries/boot/boot-medium.ts";
import { mediumServer } from "../../database/queries/boot/medium-server.ts";
import type { Controllers } from "../controllers.ts";
import type { BootWay } from "./boot-way.ts";

/**
 * A UEFI HTTP boot of the boot medium, whose URL the machine's controller gives to its firmware. The firmware fetches it
 * into memory by itself, from an address that its network's DHCP server gives it.
 */
export function httpWay(database: Database, controllers: Controllers, machineId: MachineId): BootWay {
  return {
    from: "its URL, by UEFI HTTP boot",
    prepare: async () => {
      const server = await mediumServer(database, machineId);
      if (server === undefined) {
        throw new ControllerError(
          "unsupported",
          "no boot medium is served: `farrier boot-image build --iso` makes one",
        );
      }
      const secret = mediumSecret();
      const url = mediumUrl(server.url, secret);
      return {
        medium: { digest: secret.digest, way: "http", fetchers: [] },
        on: (signal) =>
          controllers.use(machineId, async (client) => {
            await client.httpBootSet(url, signal);
            await client.powerSet("on", signal);
          }),
      };
    },
    notCome: async () => httpNotCome(await mediumProgress(database, machineId)),
  };
}

/** The reason why no agent came by an HTTP boot. Pure. */
export function httpNotCome(progress: MediumProgress | undefined): string {
  if (progress?.fetched !== true) {
    return "it never fetched its URL: look at its console; is HTTP boot switched on in its firmware, does its network have a DHCP server, and does it reach `farrier netboot` at its --media-url";
  }
  const { fetchers, refusedFetcher } = progress;
  return refusedFetcher === undefined
    ? `${fetchers.join(", ")} has fetched its URL: look at its console; has it too little memory (the agent needs ${agentMemoryMiB} MiB), and does it reach the agent port`
    : `its URL was fetched from ${fetchers.join(", ")}, and then requested from ${refusedFetcher}, which was refused: only the first address gets it. Does a proxy, or the controller itself, fetch it before the machine`;
}
