import { certificateRead } from "../../controllers/certificate-read.ts";
import { ControllerConnections } from "../../controllers/controller-connections.ts";
import {
  type Controller,
  type ControllerAddress,
  ControllerError,
  type ControllerLogin,
} from "../../controllers/controller.ts";
import { ipmiController } from "../../controllers/ipmi/ipmi-controller.ts";
import { redfishController, type RedfishLimits } from "../../controllers/redfish/redfish-controller.ts";
import { PasswordMemory, type UsedPasswords } from "../../controllers/used-passwords.ts";
import type { Database } from "../../database/connect.ts";
import type { CredentialId } from "../../database/ids.ts";
import type { ControllerReach } from "../../database/queries/controller/controller.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import { credentialNextTake, credentialOpen, type OpenCredential } from "../../secrets/credential-open.ts";
import { SecretsError } from "../../secrets/errors.ts";
import type { KeyRing } from "../../secrets/key-ring.ts";
import type { ControllerAccess } from "../../shepherd/controllers.ts";
import { loginEither } from "../../shepherd/login-either.ts";

/** Maximum number of connections to controllers of one shepherd: management networks and their firewalls are small. */
const connectionsMost = 64;
/** Number of controllers whose earlier passwords are removed from what they say: as many as have clients. */
const rememberedMost = 4096;

/** How a process with the keys in `ring` opens controllers. @param limits time limits other than the default ones */
export function controllerAccess(
  database: Database,
  ring: KeyRing,
  { controllerConnections }: Pick<Metrics, "controllerConnections">,
  limits: Partial<RedfishLimits> = {},
): ControllerAccess {
  const places = new ControllerConnections(connectionsMost, (open) => controllerConnections.set(open));
  const memory = new PasswordMemory(rememberedMost);
  const clientOf = (reach: ControllerReach, credential: OpenCredential, password: string): Controller =>
    clientMake(reach, credential, password, { places, limits, used: memory.at(reach.url) });
  return {
    open: async (reach) => {
      const { credentialId } = reach;
      const credential = await credentialFor(database, ring, credentialId);
      const { secret, nextSecret } = credential;
      const current = (): Controller => clientOf(reach, credential, secret);
      return nextSecret === undefined
        ? current()
        : loginEither({
            current,
            next: () => clientOf(reach, credential, nextSecret),
            accept: () => credentialNextTake(database, ring, { credentialId, by: "farrier" }),
          });
    },
    openWith: async (reach, password) =>
      clientOf(reach, await credentialFor(database, ring, reach.credentialId), password),
    certificateRead: async (url, credentialId, signal) => {
      const credential = await credentialFor(database, ring, credentialId);
      const mayReach = (address: { host: string; ip: string }) => credential.mayReach(address);
      const { sha256, subject, notAfter } = await places.within(() => certificateRead(url, { mayReach, signal }));
      return { sha256, subject, validTo: notAfter };
    },
  };
}

/** A controller's credential. @throws {ControllerError} `credential_unusable`; {DatabaseError} */
async function credentialFor(database: Database, ring: KeyRing, credentialId: CredentialId): Promise<OpenCredential> {
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
  return credential;
}

function clientMake(
  { protocol, url, trust, system }: ControllerReach,
  credential: OpenCredential,
  password: string,
  { places, limits, used }: { places: ControllerConnections; limits: Partial<RedfishLimits>; used: UsedPasswords },
): Controller {
  const { userName } = credential;
  const login: ControllerLogin = { userName, password, mayReach: (at) => credential.mayReach(at), used };
  const address: ControllerAddress = { protocol, url, trust, ...(system === "" ? {} : { system }) };
  switch (protocol) {
    case "redfish":
      return redfishController(address, login, { places, limits });
    case "ipmi":
      return ipmiController(address, login, { places });
  }
}
