import { join } from "node:path";
import type { Database } from "../../database/connect.ts";
import { parseCertificates, readPem } from "../../lib/tls/pem.ts";
import { credentialOpen } from "../../secrets/credential-open.ts";
import { SecretsError } from "../../secrets/errors.ts";
import type { KeyRing } from "../../secrets/key-ring.ts";
import type { TakeoverAccess } from "../../shepherd/takeover/access.ts";
import { TakeoverError } from "../../shepherd/takeover/errors.ts";

/** How a process with the keys in `ring` takes hosts over. */
export function takeoverAccess(
  database: Database,
  ring: KeyRing,
  options: Omit<TakeoverAccess, "open">,
): TakeoverAccess {
  return {
    ...options,
    open: async (credentialId) => {
      const credential = await credentialOpen(database, ring, credentialId).catch((error: unknown) => {
        if (error instanceof SecretsError) {
          throw new TakeoverError("credential_unusable", `its credential can't be opened: ${error.message}`, {
            cause: error,
          });
        }
        throw error;
      });
      const { kind, name, secret } = credential;
      if (kind === "bmc") {
        throw new TakeoverError(
          "credential_unusable",
          `credential ${name} is of kind bmc: expected ssh-password or ssh-key`,
        );
      }
      return { kind, secret, mayReach: (address) => credential.mayReach(address) };
    },
  };
}

/**
 * DER of the CA of the agent port's certificate, from its file.
 * @throws {TakeoverError} `unsuitable` if there is none
 */
export async function agentCa({
  dataDir,
  caFile = join(dataDir, "tls", "ca.pem"),
}: {
  dataDir: string;
  caFile: string | undefined;
}): Promise<Uint8Array> {
  try {
    return parseCertificates(await readPem(caFile), caFile)[0]?.raw ?? new Uint8Array();
  } catch (error) {
    throw new TakeoverError(
      "unsuitable",
      `the CA of the agent port's certificate is not in ${caFile} on the shepherd's host: bring it there, or say where it is with --tls-ca`,
      { cause: error },
    );
  }
}
