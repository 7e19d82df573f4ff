import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { ControllerError, type ControllerTrust } from "../../controller.ts";

// Words for the codes by which OpenSSL and Node refuse a certificate.
const reasons: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "it has expired",
  CERT_NOT_YET_VALID: "it is not valid yet",
  DEPTH_ZERO_SELF_SIGNED_CERT: "it is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "its CA is not among those that are trusted",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its CA is not among those that are trusted",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its CA is not among those that are trusted",
  ERR_TLS_CERT_ALTNAME_INVALID: "it is for another name",
};

/** A certificate's SHA-256 in its stored form: 64 lower-case hex digits. Pure. */
export function certificateSha256(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(":", "").toLowerCase();
}

/** Why the certificate of this connection is not the accepted one; undefined if it is. */
export function certificateDistrust(
  socket: TLSSocket,
  trust: Exclude<ControllerTrust, { by: "clear-text" }>,
  url: URL,
): ControllerError | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    return new ControllerError("untrusted", `${url.origin} shows no certificate, so nothing was sent to it`);
  }
  const sha256 = certificateSha256(certificate);
  if (trust.by === "fingerprint") {
    return sha256 === trust.sha256.replaceAll(":", "").toLowerCase()
      ? undefined
      : new ControllerError(
          "untrusted",
          `${url.origin} shows another certificate than the accepted one: SHA-256 ${sha256} in place of ${trust.sha256}. Nothing was sent to it. If it was replaced, accept the new one; otherwise somebody else answers there`,
        );
  }
  if (socket.authorized) {
    return undefined;
  }
  const code = String(socket.authorizationError);
  return new ControllerError(
    "untrusted",
    `the certificate of ${url.origin} is not trusted: ${reasons[code] ?? code} (SHA-256 ${sha256}). Nothing was sent to it. Give its CA, or accept its fingerprint`,
  );
}
