import { createHash, createHmac, randomBytes } from "node:crypto";

/** The name of a boot medium in a boot image's folder. */
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

/**
 * The name at the end of a medium's URL, which is all that some controllers show of it. Each medium has its own, derived
 * from its digest, so that it is not taken for somebody else's. Pure.
 */
export function mediumUrlName(digest: Uint8Array): string {
  return `farrier-${Buffer.from(digest).toString("hex").slice(0, 16)}.iso`;
}

/** The URL of a medium. It ends as controllers expect of a CD. Pure. */
export function mediumUrl(server: string, secret: Pick<MediumSecret, "text" | "digest">): string {
  return `${server.replace(/\/$/u, "")}/media/${secret.text}/${mediumUrlName(secret.digest)}`;
}

/** The names of media in URLs. Media that an earlier version of Farrier inserted are called agent.iso. */
const urlNames = String.raw`(?:farrier-[0-9a-f]{16}|agent)\.iso`;
const urlName = new RegExp(`^${urlNames}$`, "u");
const wholeUrl = new RegExp(String.raw`/media/[\w-]{43}/${urlNames}$`, "u");
const ownName = /^farrier-[0-9a-f]{16}\.iso$/u;

/** Whether this is the last part of a medium's path. Pure. */
export function isMediumUrlName(name: string): boolean {
  return urlName.test(name);
}

/**
 * Whether this is the URL of one of Farrier's boot media, or its name in case the controller shows no more. `agent.iso` alone
 * may be anybody's. Pure.
 */
export function isMediumUrl(url: string): boolean {
  return ownName.test(url) || wholeUrl.test(url);
}

/** Whether this is the URL of the medium with this digest, or its name in case the controller shows no more. Pure. */
export function isMediumOf(url: string, digest: Uint8Array): boolean {
  const name = mediumUrlName(digest);
  return url === name || (url.endsWith(`/${name}`) && isMediumUrl(url));
}
