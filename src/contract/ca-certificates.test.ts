import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { X509Certificate } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { hostProgram, programsMissing } from "../../test/support/install-rig.ts";
import { authorityIssue, keyMake, keyPem, serverIssue } from "../lib/tls/issue.ts";
import { caCertificates } from "./ca-certificates.ts";

const now = new Date();
const key = keyMake();
const authority = authorityIssue(key);
const other = authorityIssue(keyMake());
const leaf = serverIssue(keyMake(), [{ type: "dns", value: "images.test" }], key);
const pem = authority.toString();

/** What was read: the certificates' fingerprints, or the problem. */
function read(given: Buffer | string, at = now): string[] | string {
  const certificates = caCertificates(Buffer.from(given), at);
  return certificates.kind === "invalid"
    ? certificates.problem
    : (certificates.pem.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/gu) ?? []).map(
        (text) => new X509Certificate(text).fingerprint256,
      );
}

test.each<[string, Buffer | string, X509Certificate[]]>([
  ["PEM", pem, [authority]],
  ["several in PEM, with text around", `# ours\n${pem}\nissuer=x\n${other.toString()}\n`, [authority, other]],
  ["PEM with lines of Windows", pem.replaceAll("\n", "\r\n"), [authority]],
  ["PEM with a byte-order mark", `\uFEFF${pem}`, [authority]],
  ["PEM in UTF-16, little end first", Buffer.from(`\uFEFF${pem}`, "utf16le"), [authority]],
  ["PEM in UTF-16, big end first", Buffer.from(`\uFEFF${pem}`, "utf16le").swap16(), [authority]],
  ["PEM by its older label", pem.replaceAll("CERTIFICATE", "X509 CERTIFICATE"), [authority]],
  ["DER", authority.raw, [authority]],
])("I11: %s is read", (_name, given, expected) => {
  expect(read(given)).toEqual(expected.map(({ fingerprint256 }) => fingerprint256));
});

test.each<[string, Buffer | string, RegExp]>([
  ["nothing", "", /^expected certificates of CAs in PEM/u],
  ["another file", "{}", /^expected certificates of CAs in PEM/u],
  [
    "a leaf",
    leaf.toString(),
    /^certificate 1 \(CN=Farrier server\) is no CA certificate: .*its issuer \(CN=Farrier CA/u,
  ],
  ["a leaf in DER", leaf.raw, /^certificate 1 .* is no CA certificate/u],
  ["a chain that begins with its leaf", leaf.toString() + pem, /^certificate 1 .* is no CA certificate/u],
  ["a chain that ends with its leaf", pem + leaf.toString(), /^certificate 2 .* is no CA certificate/u],
  ["a damaged second one", pem + pem.replace(/M/u, "A"), /^certificate 2 is damaged: copy the file again/u],
  ["a certificate that was cut short", pem + pem.slice(0, 200), /^certificate 2 is damaged/u],
  ["a key beside it", pem + keyPem(key), /^holds a private key/u],
  ["DER of something else", authority.raw.subarray(0, 100), /^holds no certificate in DER: .*openssl pkcs7/u],
])("I11: %s is refused as what it is", (_name, given, expected) => {
  expect(read(given)).toMatch(expected);
});

const missing = await programsMissing("openssl");
describe("what openssl makes", () => {
  test.each<[string, string, number, RegExp]>([
    ["a self-signed certificate of a server", "FALSE", 0, /^certificate 1 \(CN=x\) is self-signed and is no CA cert/u],
    ["a CA whose time is over", "TRUE", 3, /^certificate 1 \(CN=x\) expired on \d{4}-\d\d-\d\dT/u],
  ])("I11: %s is refused as what it is", async (_name, ca, days, expected) => {
    const later = new Date(now.getTime() + days * 86_400_000);
    expect(read(await selfSigned(ca), later)).toMatch(expected);
  });

  test("I11: PKCS#7, PKCS#12 and OpenSSL's own form are refused with the command that makes PEM of them", async () => {
    expect(read(await converted("crl2pkcs7", "-nocrl", "-certfile"))).toMatch(
      /^holds PKCS#7: .*openssl pkcs7 -in FILE/u,
    );
    expect(read(await converted("x509", "-trustout", "-in"))).toMatch(/TRUSTED CERTIFICATE.*openssl x509 -in FILE/u);
    expect(read(await converted("pkcs12", "-export", "-nokeys", "-passout", "pass:x", "-in"))).toMatch(
      /^holds no certificate in DER: .*openssl pkcs12/u,
    );
  });

  let folder: string;
  beforeEach(async (context) => {
    context.skip(missing.length > 0, "openssl is not installed: apt install openssl");
    folder = await mkdtemp(join(tmpdir(), "openssl-"));
    return () => rm(folder, { recursive: true });
  });

  async function selfSigned(ca: string): Promise<Buffer> {
    const made = ["-keyout", join(folder, "key"), "-out", join(folder, "out")];
    const extension = `basicConstraints=critical,CA:${ca}`;
    await hostProgram(
      ...(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"] as const),
      ...["-subj", "/CN=x", "-addext", extension, ...made],
    );
    return readFile(join(folder, "out"));
  }

  async function converted(...args: string[]): Promise<Buffer> {
    await writeFile(join(folder, "ca.pem"), pem);
    await hostProgram("openssl", ...args, join(folder, "ca.pem"), "-out", join(folder, "out"));
    return readFile(join(folder, "out"));
  }
});
