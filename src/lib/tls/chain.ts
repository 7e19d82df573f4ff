import type { X509Certificate } from "node:crypto";
import { TlsError } from "./error.ts";

/** Follows the chain from the server's certificate, as a client does, to a trusted one. */
export function findRoot(
  chain: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
): X509Certificate | undefined {
  let current = chain[0];
  for (let depth = 0; current !== undefined && depth <= chain.length; depth += 1) {
    const issued = current;
    const root = trusted.find((candidate) => issuedBy(issued, candidate));
    if (root !== undefined) {
      return root;
    }
    current = chain.find((candidate) => candidate !== issued && issuedBy(issued, candidate));
  }
  return undefined;
}

function issuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/**
 * @throws {TlsError} expired
 */
export function checkTime(certificates: readonly X509Certificate[], path: string, now = new Date()): void {
  for (const certificate of certificates) {
    if (certificate.validToDate < now) {
      throw new TlsError(
        "expired",
        `${path}: the certificate of "${oneLine(certificate.subject)}" ended on ${certificate.validTo}: renew it`,
      );
    }
  }
}

/** A subject or issuer on one line; Node gives one attribute per line. */
export function oneLine(name: string): string {
  return name.replaceAll("\n", ", ");
}
