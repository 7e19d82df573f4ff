import type { TLSSocket } from "node:tls";
import { ControllerError } from "./controller.ts";
import { certificateSha256 } from "./redfish/http/distrust.ts";
import { controllerSocket } from "./redfish/http/connect.ts";

/** A controller's certificate, read at the first contact so that an operator can accept it. */
export interface ControllerCertificate {
  /** The SHA-256 of the DER, as 64 lower-case hex digits. */
  sha256: string;
  /** The subject's distinguished names on one line: "C=US, O=Dell Inc., CN=idrac". */
  subject: string;
  issuer: string;
  notBefore: Date;
  notAfter: Date;
}

/**
 * Reads the certificate of an `https://` address. Nothing is sent but the TLS handshake.
 * @param options `mayReach`: whether a connection to an address is allowed at all; `limit`: milliseconds
 * @throws {ControllerError} `unreachable`, `address_refused`
 */
export async function certificateRead(
  url: string,
  options: { mayReach?: (address: { host: string; ip: string }) => boolean; limit?: number; signal?: AbortSignal } = {},
): Promise<ControllerCertificate> {
  const { mayReach = () => true, limit = 10_000, signal } = options;
  const address = new URL(url);
  if (address.protocol !== "https:") {
    throw new ControllerError("untrusted", `${address.origin} has no certificate: it is clear text`);
  }
  const socket = (await controllerSocket(
    { url: address, trust: { by: "fingerprint", sha256: "" }, mayReach, limit },
    signal,
  )) as TLSSocket;
  try {
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) {
      throw new ControllerError("untrusted", `${address.origin} shows no certificate`);
    }
    return {
      sha256: certificateSha256(certificate),
      subject: oneLine(certificate.subject),
      issuer: oneLine(certificate.issuer),
      notBefore: certificate.validFromDate,
      notAfter: certificate.validToDate,
    };
  } finally {
    socket.destroy();
  }
}

function oneLine(name: string | undefined): string {
  return (name ?? "").split("\n").join(", ");
}
