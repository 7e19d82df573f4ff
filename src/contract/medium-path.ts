import { createHash, createHmac, randomBytes } from "node:crypto";

/** The name of a boot medium: in a boot image's folder, and at the end of its URL. */
export const mediumName = "agent.iso";
/** The name of its description in that folder. */
export const mediumManifestName = "medium.json";
/** The name of its volume, by which an agent recognises it. */
export const mediumVolume = "FARRIER_AGENT";

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
  return `${server.replace(/\/$/u, "")}/media/${secret.text}/${mediumName}`;
}

/** Whether this is the URL of one of Farrier's boot media, or its file name, which is all that some controllers show. Pure. */
export function isMediumUrl(url: string): boolean {
  return url === mediumName || (url.endsWith(`/${mediumName}`) && /\/media\/[\w-]{43}\/[^/]+$/u.test(url));
}
