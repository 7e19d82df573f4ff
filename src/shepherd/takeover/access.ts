import type { CredentialId } from "../../database/ids.ts";
import type { AgentsReach } from "./takeover.ts";

/** A credential that opens a host, in clear. */
export interface HostCredential {
  kind: "ssh-password" | "ssh-key";
  secret: string;
  /** Whether the secret may be sent to this address. */
  mayReach: (address: { host: string; ip: string }) => boolean;
}

/** What a shepherd needs to take hosts over. */
export interface TakeoverAccess {
  /** Opens a credential. @throws {TakeoverError} `credential_unusable` */
  open: (credentialId: CredentialId) => Promise<HostCredential>;
  /** The folder of boot images. */
  bootImages: string;
  agents: AgentsReach;
  /**
   * DER of the CA of the agent port's certificate; empty means the system's roots.
   * @throws {TakeoverError} `unsuitable` if the shepherd's host does not have it
   */
  caCertificate: () => Promise<Uint8Array>;
  kernelArguments: string;
}
