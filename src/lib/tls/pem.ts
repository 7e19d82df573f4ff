import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { systemWords } from "../host/system-words.ts";
import { TlsError } from "./error.ts";

/**
 * @throws {TlsError} unreadable
 */
export async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new TlsError("unreadable", `cannot read ${path} ${systemWords(error)}; expected a PEM file`, {
      cause: error,
    });
  }
}

/**
 * All certificates of a file, at least one.
 * @throws {TlsError} malformed
 */
export function parseCertificates(text: string, path: string): X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/gu) ?? [];
  if (blocks.length === 0) {
    throw new TlsError("malformed", `${path} holds no certificate: expected PEM, "-----BEGIN CERTIFICATE-----"`);
  }
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new TlsError("malformed", `certificate ${index + 1} in ${path} is damaged: copy the file again`, {
        cause: error,
      });
    }
  });
}

/**
 * @throws {TlsError} malformed
 */
export function parseKey(text: string, path: string): KeyObject {
  if (text.includes("ENCRYPTED")) {
    throw new TlsError("malformed", `the key in ${path} is encrypted: expected one without a passphrase, mode 0600`);
  }
  try {
    return createPrivateKey(text);
  } catch (error) {
    throw new TlsError("malformed", `${path} holds no private key: expected PEM, "-----BEGIN PRIVATE KEY-----"`, {
      cause: error,
    });
  }
}
