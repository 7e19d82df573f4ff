import { randomBytes, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../../lib/errors.ts";
import { writeFileAtomic } from "../../lib/host/atomic-file.ts";
import { makeDirectory } from "../../lib/host/make-directory.ts";
import { keyMake, keyPem, serverIssue } from "../../lib/tls/issue.ts";

/** Where the controllers are, as all of them listen on the loopback. */
export const controllerHost = "127.0.0.1";
const certificateBegins = "-----BEGIN CERTIFICATE-----";
/** The user of all of a lab's controllers. */
export const controllerUser = "admin";

/** The folder of what a lab's controllers share: password, certificate, log. */
export function controllersDirectory(directory: string): string {
  return join(directory, ".controllers");
}

/** The log of the process that serves the controllers. */
export function controllersLog(directory: string): string {
  return join(controllersDirectory(directory), "log");
}

/** What opens a lab's controllers, and what they show. */
export interface LabAccount {
  userName: string;
  password: string;
  /** Mode 0600. */
  passwordFile: string;
  madeAt: Date;
  /** Key and certificate in PEM. The key of its CA was not kept: it is trusted by its fingerprint. */
  tls: { key: string; cert: string };
  /** SHA-256 of the certificate, 64 lower-case hex digits. */
  sha256: string;
}

/** A lab's account, made at the first call. */
export async function labAccount(directory: string): Promise<LabAccount> {
  const folder = controllersDirectory(directory);
  await makeDirectory(folder);
  const passwordFile = join(folder, "password");
  const tlsFile = join(folder, "tls.pem");
  // 16 characters: IPMI takes 20 at most.
  await writeNew(passwordFile, () => `${randomBytes(12).toString("base64url")}\n`);
  await writeNew(tlsFile, () => {
    const key = keyMake();
    return `${keyPem(key)}${serverIssue(key, [{ type: "ip", value: controllerHost }], keyMake()).toString()}`;
  });
  const [password, pem] = await Promise.all([readFile(passwordFile, "utf8"), readFile(tlsFile, "utf8")]);
  const [key, cert] = [pem.slice(0, pem.indexOf(certificateBegins)), pem.slice(pem.indexOf(certificateBegins))];
  return {
    userName: controllerUser,
    password: password.trim(),
    passwordFile,
    madeAt: (await stat(passwordFile)).mtime,
    tls: { key, cert },
    sha256: new X509Certificate(cert).fingerprint256.replaceAll(":", "").toLowerCase(),
  };
}

async function writeNew(path: string, content: () => string): Promise<void> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    await writeFileAtomic(path, content(), { mode: 0o600, replace: false });
  }
}

const ownPasswordFile = (directory: string, name: string): string => join(directory, name, "controller-password");

/** The password of one controller: its own after it was changed there, else the lab's. */
export async function controllerPassword(directory: string, name: string, account: LabAccount): Promise<string> {
  try {
    return (await readFile(ownPasswordFile(directory, name), "utf8")).trim();
  } catch (error) {
    if (errorCode(error) !== "ENOENT") {
      throw error;
    }
    return account.password;
  }
}

/** Keeps a password that was changed on the controller. */
export async function controllerPasswordKeep(directory: string, name: string, password: string): Promise<void> {
  await writeFileAtomic(ownPasswordFile(directory, name), `${password}\n`, { mode: 0o600 });
}
