import { Credential } from "../../../gen/farrier/operator/v1/access_pb.ts";
import type { CredentialKind } from "../../database/queries/access/audit.ts";

/** Kinds of credentials in the contract. */
export const credentialValues: Record<CredentialKind, Credential> = {
  "data-directory": Credential.DATA_DIRECTORY,
  token: Credential.TOKEN,
  certificate: Credential.CERTIFICATE,
};
