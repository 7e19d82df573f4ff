import { expect, test } from "vitest";
import { ed25519KeyPair } from "../../lib/tls/ed25519.ts";
import { selfSignedCertificate } from "../../lib/tls/self-signed.ts";
import { certificatesOf } from "./certificates.ts";

const certificate = selfSignedCertificate(ed25519KeyPair().privateKey, "test");

test("certificates are kept, and what stands between them is not", () => {
  expect(certificatesOf(`subject: CN=test\n${certificate}\n# the end\n`)?.trim()).toBe(certificate.trim());
  expect(certificatesOf(certificate + certificate)?.match(/BEGIN/gu)).toHaveLength(2);
});

test.each([
  ["nothing", ""],
  ["no PEM", "hello"],
  ["a private key beside it", `${certificate}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`],
  ["no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
])("refused: %s", (_what, text) => {
  expect(certificatesOf(text)).toBeUndefined();
});
