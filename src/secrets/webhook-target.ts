import type { KeyRing } from "./key-ring.ts";
import type { SealedPlace } from "./seal.ts";

/** What is sealed of a webhook. */
export interface WebhookTarget {
  url: string;
  /** The key of the signatures: whsec_ and Base64. */
  secret: string;
  /** PEM of further CAs of the receiver's certificate. */
  certificates?: string;
}

/** The place that a webhook's target is sealed for. */
export function webhookPlace(webhookId: string): SealedPlace {
  return { table: "webhook", row: webhookId, purpose: "target" };
}

/** Opens a webhook's target. @throws {SecretsError} `key_missing`, `altered` */
export function webhookTargetOpen(
  secrets: Pick<KeyRing, "open">,
  webhookId: string,
  sealed: Uint8Array,
): WebhookTarget {
  return JSON.parse(Buffer.from(secrets.open(webhookPlace(webhookId), sealed)).toString("utf8")) as WebhookTarget;
}
