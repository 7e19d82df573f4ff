import { constants } from "node:crypto";
import type { TlsOptions } from "node:tls";
import { ed25519KeyPair, ed25519PrivateKeyPem } from "../../src/lib/tls/ed25519.ts";
import { selfSignedCertificate } from "../../src/lib/tls/self-signed.ts";

/** TLS like the agent port: an Ed25519 key, the client's certificate requested but not verified, no resumption. */
export function referenceTls(): TlsOptions {
  const { privateKey } = ed25519KeyPair();
  return {
    cert: selfSignedCertificate(privateKey, "localhost"),
    key: ed25519PrivateKeyPem(privateKey),
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}
