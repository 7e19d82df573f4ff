import { createHash, createHmac, randomBytes } from "node:crypto";

/** Bytes of the secret in a medium's path. */
const secretBytes = 32;

/** The secret in a boot medium's path, and what is derived from it. */
export interface MediumSecret {
  /** In base64url, as in the path. */
  text: string;
  /** SHA-256, which the database has. */
  digest: Uint8Array;
  /** The enrolment token on this medium: the same at each fetch, and stored nowhere. */
  token: string;
}

function secretOf(secret: Buffer): MediumSecret {
  return {
    text: secret.toString("base64url"),
    digest: createHash("sha256").update(secret).digest(),
    token: createHmac("sha256", secret).update("farrier enrolment token").digest("base64url"),
  };
}

/** A new secret. */
export function mediumSecret(): MediumSecret {
  return secretOf(randomBytes(secretBytes));
}

/** The secret in a path; undefined if it is not one. Pure. */
export function mediumSecretRead(text: string): MediumSecret | undefined {
  const secret = Buffer.from(text, "base64url");
  return secret.length === secretBytes && secret.toString("base64url") === text ? secretOf(secret) : undefined;
}

/** The URL of a medium. It ends as controllers expect of a CD. Pure. */
export function mediumUrl(server: string, secret: Pick<MediumSecret, "text">): string {
  return `${server.replace(/\/$/u, "")}/media/${secret.text}/agent.iso`;
}

/** Whether this is the URL of one of Farrier's boot media. Pure. */
export function isMediumUrl(url: string): boolean {
  return /\/media\/[\w-]{43}\/agent\.iso$/u.test(url);
}
