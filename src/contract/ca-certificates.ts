// `--image-ca`: CA certificates in the formats that people have, converted to plain PEM.
import { X509Certificate } from "node:crypto";

/** CA certificates in PEM, or why the bytes can't be used. */
export type CaCertificates = { kind: "pem"; pem: string } | { kind: "invalid"; problem: string };

const block = /-----BEGIN (?<label>[A-Z0-9. #]+)-----[^-]*-----END \k<label>-----/gu;
/** PEM labels of a certificate (RFC 7468, 5.1, and older ones that parsers accept). */
const certificateLabels = new Set(["CERTIFICATE", "X509 CERTIFICATE", "X.509 CERTIFICATE"]);
// ASN.1: a SEQUENCE. No PEM begins with this byte.
const derSequence = 0x30;

/**
 * Reads CA certificates: PEM with any number of certificates, with or without a byte order mark and surrounding text,
 * or one certificate in DER. Every certificate must be a CA's and not expired. Pure.
 * @param now the time at which they must not have expired
 */
export function caCertificates(given: Uint8Array, now: Date): CaCertificates {
  const bytes = Buffer.from(given);
  if (bytes[0] === derSequence) {
    return fromDer(bytes, now);
  }
  const text = textOf(bytes);
  const pems: string[] = [];
  for (const { 0: pem, groups } of text.matchAll(block)) {
    const label = groups?.["label"] ?? "";
    const problem = labelProblem(label) ?? certificateProblem(pem, pems.length + 1, now);
    if (problem !== undefined) {
      return { kind: "invalid", problem };
    }
    pems.push(new X509Certificate(asCertificate(pem)).toString());
  }
  const begun = text.match(/-----BEGIN /gu)?.length ?? 0;
  if (pems.length === 0 || begun > pems.length) {
    return { kind: "invalid", problem: pems.length === 0 && begun === 0 ? notPem : damaged(pems.length + 1) };
  }
  return { kind: "pem", pem: pems.join("") };
}

const notPem = 'expected certificates of CAs in PEM ("-----BEGIN CERTIFICATE-----"), or one in DER: it holds none';

function fromDer(bytes: Buffer, now: Date): CaCertificates {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(bytes);
  } catch {
    return {
      kind: "invalid",
      problem:
        "holds no certificate in DER: expected certificates of CAs in PEM; `openssl pkcs7 -inform DER -print_certs` makes PEM " +
        "of a PKCS#7 file (.p7b), `openssl pkcs12 -cacerts -nokeys` of a PKCS#12 file (.p12, .pfx)",
    };
  }
  const pem = certificate.toString();
  const problem = certificateProblem(pem, 1, now);
  return problem === undefined ? { kind: "pem", pem } : { kind: "invalid", problem };
}

/** UTF-8, or UTF-16 with a byte order mark, as some editors save it. */
function textOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) {
    return bytes.toString("utf16le", 2);
  }
  if (bytes[0] === 0xfe && bytes[1] === 0xff) {
    return Buffer.from(bytes.subarray(2, bytes.length - (bytes.length % 2)))
      .swap16()
      .toString("utf16le");
  }
  return bytes.toString("utf8");
}

function asCertificate(pem: string): string {
  return pem.replaceAll(/(?<=-----(?:BEGIN|END) )[A-Z0-9. ]+(?=-----)/gu, "CERTIFICATE");
}

function labelProblem(label: string): string | undefined {
  if (certificateLabels.has(label)) {
    return undefined;
  }
  if (label.includes("PRIVATE KEY")) {
    return "holds a private key, which must not be given away: expected certificates of CAs alone";
  }
  if (label === "TRUSTED CERTIFICATE") {
    return "holds a certificate in OpenSSL's own form (TRUSTED CERTIFICATE): make it plain with `openssl x509 -in FILE -out CA.pem`";
  }
  return label === "PKCS7"
    ? "holds PKCS#7: make PEM of it with `openssl pkcs7 -in FILE -print_certs -out CA.pem`"
    : `holds "${label}": expected certificates of CAs alone ("-----BEGIN CERTIFICATE-----")`;
}

const damaged = (number: number): string => `certificate ${number} is damaged: copy the file again`;

function certificateProblem(pem: string, number: number, now: Date): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(asCertificate(pem));
  } catch {
    return damaged(number);
  }
  const subject = oneLine(certificate.subject);
  const named = `certificate ${number} (${subject === "" ? "without a subject" : subject})`;
  if (!certificate.ca) {
    const selfSigned = certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
    return selfSigned
      ? `${named} is self-signed and is no CA certificate: issue the server's certificate again, with a CA (basicConstraints CA:TRUE) that issues it, and give the CA's`
      : `${named} is no CA certificate: expected those of CAs alone; leave it out, and give the one of its issuer (${oneLine(certificate.issuer)})`;
  }
  return certificate.validToDate < now
    ? `${named} expired on ${certificate.validToDate.toISOString()}: give the CA's present one`
    : undefined;
}

/** A subject or issuer; Node gives one attribute per line, and undefined if there is none. */
function oneLine(name: string | undefined): string {
  return (name ?? "").replaceAll("\n", ", ");
}
