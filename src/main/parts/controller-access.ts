import { certificateRead } from "../../controllers/certificate-read.ts";
import { type ControllerAddress, ControllerError, type ControllerLogin } from "../../controllers/controller.ts";
import { ipmiController } from "../../controllers/ipmi/ipmi-controller.ts";
import { redfishController } from "../../controllers/redfish/redfish-controller.ts";
import type { Database } from "../../database/connect.ts";
import { credentialOpen } from "../../secrets/credential-open.ts";
import { SecretsError } from "../../secrets/errors.ts";
import type { KeyRing } from "../../secrets/key-ring.ts";
import type { ControllerAccess } from "../../shepherd/controllers.ts";

/** How a process with the keys in `ring` opens controllers. */
export function controllerAccess(database: Database, ring: KeyRing): ControllerAccess {
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
          return redfishController(address, login);
        case "ipmi":
          return ipmiController(address, login);
      }
    },
    certificateRead: async (url, credentialId, signal) => {
      const credential = await credentialOpen(database, ring, credentialId);
      const { sha256, subject, notAfter } = await certificateRead(url, {
        mayReach: (address) => credential.mayReach(address),
        signal,
      });
      return { sha256, subject, validTo: notAfter };
    },
  };
}
