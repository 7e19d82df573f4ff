import { X509Certificate } from "node:crypto";
import { hostname } from "node:os";
import { formatHostPort, isLoopback, type HostPort } from "../../lib/net/host-port.ts";
import { cameUpPath } from "../../came-up/limits.ts";
import type { CameUpTarget } from "../../database/queries/came-up/came-up-target-seen.ts";
import type { CameUpAddress } from "../options.ts";

/**
 * How installed systems reach the listener for reports: as named, or by the first name by which agents reach this host,
 * or by the address that is listened on; on loopback by the address that guests have for it. Undefined if its certificate is of no CA of ours: systems could not check it.
 */
export function cameUpTarget(
  options: { cameUp?: CameUpAddress | undefined; serverNames: readonly string[]; otherNames?: readonly string[] },
  listened: HostPort,
  caCertificateDer: Uint8Array,
): CameUpTarget | undefined {
  if (caCertificateDer.length === 0) {
    return undefined;
  }
  const wildcard = listened.host === "" || listened.host === "0.0.0.0" || listened.host === "::";
  // Guests of this host reach its loopback by another address; nobody else reaches it.
  const guests = isLoopback(listened.host) ? options.otherNames?.[0] : undefined;
  const host = guests ?? options.serverNames[0] ?? (wildcard ? hostname() : listened.host);
  const reach = options.cameUp?.reach ?? { host, port: listened.port };
  return {
    url: `https://${formatHostPort(reach)}${cameUpPath}`,
    caPem: new X509Certificate(caCertificateDer).toString(),
  };
}
