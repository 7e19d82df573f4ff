import { certificateRead } from "../../controllers/certificate-read.ts";
import { ControllerConnections } from "../../controllers/controller-connections.ts";
import { type ControllerAddress, ControllerError, type ControllerLogin } from "../../controllers/controller.ts";
import { ipmiController } from "../../controllers/ipmi/ipmi-controller.ts";
import { redfishController } from "../../controllers/redfish/redfish-controller.ts";
import type { Database } from "../../database/connect.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import { credentialOpen } from "../../secrets/credential-open.ts";
import { SecretsError } from "../../secrets/errors.ts";
import type { KeyRing } from "../../secrets/key-ring.ts";
import type { ControllerAccess } from "../../shepherd/controllers.ts";

/** Maximum number of connections to controllers of one shepherd: management networks and their firewalls are small. */
const connectionsMost = 64;

/** How a process with the keys in `ring` opens controllers. */
export function controllerAccess(
  database: Database,
  ring: KeyRing,
  { controllerConnections }: Pick<Metrics, "controllerConnections">,
): ControllerAccess {
  const places = new ControllerConnections(connectionsMost, (open) => controllerConnections.set(open));
  return {
    open: async ({ credentialId, ...reach }) => {
      const credential = await credentialOpen(database, ring, credentialId).catch((error: unknown) => {
        if (error instanceof SecretsError) {
          throw new ControllerError("credential_unusable", `its credential can't be opened: ${error.message}`, {
            cause: error,
          });
        }
        throw error;
      });
      if (credential.kind !== "bmc") {
        throw new ControllerError(
          "credential_unusable",
          `credential ${credential.name} is of kind ${credential.kind}: expected bmc`,
        );
      }
      const { userName, secret: password } = credential;
      const login: ControllerLogin = { userName, password, mayReach: (address) => credential.mayReach(address) };
      const { system, ...rest } = reach;
      const address: ControllerAddress = { ...rest, ...(system === "" ? {} : { system }) };
      switch (address.protocol) {
        case "redfish":
          return redfishController(address, login, { places });
        case "ipmi":
          return ipmiController(address, login, { places });
      }
    },
    certificateRead: async (url, credentialId, signal) => {
      const credential = await credentialOpen(database, ring, credentialId);
      const mayReach = (address: { host: string; ip: string }) => credential.mayReach(address);
      const { sha256, subject, notAfter } = await places.within(() => certificateRead(url, { mayReach, signal }));
      return { sha256, subject, validTo: notAfter };
    },
  };
}
