import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../host/atomic-file.ts";
import { errorCode } from "../errors.ts";
import { systemWords } from "../host/system-words.ts";
import { checkTime, findRoot, oneLine } from "./chain.ts";
import { TlsError } from "./error.ts";
import { authorityIssue, keyMake, keyPem, serverIssue } from "./issue.ts";
import { certificateCovers, type ServerName, serverNames } from "./names.ts";
import { makeDirectory } from "../host/make-directory.ts";
import { parseCertificates, parseKey, readPem } from "./pem.ts";

/** The certificates of a TLS server, and what its clients need to trust it. */
export interface TlsCredentials {
  /** The CA that clients must trust; empty if the system's roots suffice. */
  readonly caCertificateDer: Buffer;
  readonly caCertificatePem: string;
  /** With its chain. */
  readonly serverCertificatePem: string;
  readonly serverKeyPem: string;
}

interface Authority {
  readonly key: KeyObject;
  readonly certificate: X509Certificate;
}

/**
 * Creates the control plane's own certificates in `directory`: a CA (ca.pem, ca-key.pem), which is made once only,
 * because agents trust it; and a server certificate (server.pem, server-key.pem) for `serverNames` and this host's own
 * names, which is issued again whenever the existing one does not suffice.
 * @throws {TlsError} server_name; unreadable, malformed, mismatch if the CA's files are not in order
 */
export async function tlsFilesEnsure(options: {
  readonly directory: string;
  readonly serverNames: readonly string[];
}): Promise<TlsCredentials> {
  const { directory } = options;
  const names = serverNames(options.serverNames);
  await makeDirectory(directory);
  const authority = await ensureAuthority(directory);
  const server = await ensureServer(directory, names, authority);
  return {
    caCertificateDer: authority.certificate.raw,
    caCertificatePem: authority.certificate.toString(),
    ...server,
  };
}

/**
 * Reads an operator's own certificate (PEM, with its chain), key (PEM, not encrypted), and CA certificate; without the
 * CA, clients use their system's roots.
 * @throws {TlsError} naming the file, the fault and what to do
 */
export async function tlsFilesRead(paths: {
  readonly certificate: string;
  readonly key: string;
  readonly ca?: string | undefined;
  /** The current time, for the certificates' expiry. */
  readonly now?: Date;
}): Promise<TlsCredentials> {
  const chain = parseCertificates(await readPem(paths.certificate), paths.certificate);
  const keyText = await readPem(paths.key);
  const key = parseKey(keyText, paths.key);
  const [leaf] = chain;
  if (leaf?.checkPrivateKey(key) !== true) {
    throw new TlsError(
      "mismatch",
      `the key in ${paths.key} is not the key of the certificate in ${paths.certificate}: expected a certificate and key that were made ` +
        "together, and the server's certificate to be the first in its file",
    );
  }
  if (leaf.ca) {
    throw new TlsError(
      "mismatch",
      `the first certificate in ${paths.certificate} is an authority's (${leaf.subject}): expected the server's first`,
    );
  }
  const serverCertificatePem = chain.map(String).join("");
  if (paths.ca === undefined) {
    checkTime(chain, paths.certificate, paths.now);
    return { caCertificateDer: Buffer.alloc(0), caCertificatePem: "", serverCertificatePem, serverKeyPem: keyText };
  }
  const trusted = parseCertificates(await readPem(paths.ca), paths.ca);
  const root = findRoot(chain, trusted);
  if (root === undefined) {
    throw new TlsError(
      "mismatch",
      `${paths.ca} did not issue the certificate in ${paths.certificate} (issued by "${oneLine(leaf.issuer)}"): ` +
        "expected the certificate of that issuer, or the intermediate ones after the server's in its file",
    );
  }
  checkTime(chain, paths.certificate, paths.now);
  checkTime([root], paths.ca, paths.now);
  return {
    caCertificateDer: root.raw,
    caCertificatePem: root.toString(),
    serverCertificatePem,
    serverKeyPem: keyText,
  };
}

async function ensureAuthority(directory: string): Promise<Authority> {
  const keyPath = join(directory, "ca-key.pem");
  const certificatePath = join(directory, "ca.pem");
  const advice =
    `restore ${keyPath} and ${certificatePath} from a backup; removing both makes a new authority, which no agent that ` +
    "was set up before trusts";
  let keyText = await readIfThere(keyPath);
  let certificateText = await readIfThere(certificatePath);
  if (keyText === undefined) {
    if (certificateText !== undefined) {
      throw new TlsError("mismatch", `${certificatePath} exists but its key ${keyPath} does not: ${advice}`);
    }
    // If another process is faster, its key counts.
    await writeFileAtomic(keyPath, keyPem(keyMake()), { mode: 0o600, replace: false });
    keyText = (await readIfThere(keyPath)) ?? "";
  }
  const key = tryKey(keyText);
  if (key?.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw new TlsError("malformed", `${keyPath} holds no private key on P-256: ${advice}`);
  }
  if (certificateText === undefined) {
    // The key defines the CA: its certificate can be issued again, and is valid for the same servers.
    const text = authorityIssue(key).toString();
    await writeFileAtomic(certificatePath, text, { mode: 0o644, replace: false });
    certificateText = (await readIfThere(certificatePath)) ?? "";
  }
  const certificate = tryCertificate(certificateText);
  if (certificate === undefined || !certificate.checkPrivateKey(key)) {
    throw new TlsError(
      certificate === undefined ? "malformed" : "mismatch",
      `${certificatePath} is not the certificate of the key in ${keyPath}: remove ${certificatePath} to have it issued ` +
        `again if the key is the right one, else ${advice}`,
    );
  }
  return { key, certificate };
}

async function ensureServer(
  directory: string,
  names: readonly ServerName[],
  authority: Authority,
): Promise<{ serverCertificatePem: string; serverKeyPem: string }> {
  const keyPath = join(directory, "server-key.pem");
  const certificatePath = join(directory, "server.pem");
  const key = tryKey((await readIfThere(keyPath)) ?? "");
  const certificate = tryCertificate((await readIfThere(certificatePath)) ?? "");
  if (
    key !== undefined &&
    certificate?.checkPrivateKey(key) === true &&
    certificate.checkIssued(authority.certificate) &&
    certificate.verify(authority.certificate.publicKey) &&
    names.every((name) => certificateCovers(certificate, name))
  ) {
    return { serverCertificatePem: certificate.toString(), serverKeyPem: keyPem(key) };
  }
  const freshKey = keyMake();
  const fresh = serverIssue(freshKey, names, authority.key);
  // A kill between the two leaves a pair that does not match, which is issued again.
  await writeFileAtomic(keyPath, keyPem(freshKey), { mode: 0o600 });
  await writeFileAtomic(certificatePath, fresh.toString(), { mode: 0o644 });
  return { serverCertificatePem: fresh.toString(), serverKeyPem: keyPem(freshKey) };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return undefined;
    }
    throw new TlsError("unreadable", `cannot read ${path} ${systemWords(error)}; expected a file of this user's`, {
      cause: error,
    });
  }
}

function tryKey(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text);
  } catch {
    // The caller reports the fault and the file; OpenSSL's message has neither.
    return undefined;
  }
}

function tryCertificate(text: string): X509Certificate | undefined {
  try {
    return new X509Certificate(text);
  } catch {
    // As above.
    return undefined;
  }
}
