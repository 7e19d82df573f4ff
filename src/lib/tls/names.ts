import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { TlsError } from "./error.ts";

/** A subject alternative name (RFC 5280, 4.2.1.6). */
export interface ServerName {
  readonly type: "dns" | "ip";
  readonly value: string;
}

/** Names by which callers on this host reach the server, whatever its other names. */
const always: readonly ServerName[] = [
  { type: "dns", value: "localhost" },
  { type: "ip", value: "127.0.0.1" },
  { type: "ip", value: "::1" },
];

const dnsName = /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/u;

/**
 * The requested names and those that every certificate has, each once.
 * @throws {TlsError} server_name
 */
export function serverNames(asked: readonly string[]): ServerName[] {
  const names = [...always, ...asked.map((text) => parseServerName(text))];
  return [...new Map(names.map((name) => [`${name.type} ${name.value}`, name])).values()];
}

/**
 * Parses a DNS name (returned in lower case) or an IP address.
 * @throws {TlsError} server_name
 */
export function parseServerName(text: string): ServerName {
  if (isIP(text) !== 0) {
    // A zone (fe80::1%eth0) has a meaning on the caller's side only.
    return { type: "ip", value: text.replace(/%.*$/u, "") };
  }
  const value = text.toLowerCase();
  // Four numbers that are not an address are a typing error, not a host.
  if (value.length > 253 || !dnsName.test(value) || /^[0-9.]+$/u.test(value)) {
    throw new TlsError(
      "server_name",
      `"${text}" can't be a server's name: expected a DNS name such as farrier.example.net or an IP address such as ` +
        "192.0.2.7, without port or scheme",
    );
  }
  return { type: "dns", value };
}

/** True if a client that calls the server by this name accepts the certificate. */
export function certificateCovers(certificate: X509Certificate, { type, value }: ServerName): boolean {
  if (type === "ip") {
    return certificate.checkIP(value) !== undefined;
  }
  if (value.startsWith("*.")) {
    return (certificate.subjectAltName ?? "").split(", ").includes(`DNS:${value}`);
  }
  return certificate.checkHost(value, { subject: "never" }) !== undefined;
}
