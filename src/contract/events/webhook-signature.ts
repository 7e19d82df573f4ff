import { createHmac, randomBytes } from "node:crypto";

/** How a secret begins (Standard Webhooks, https://www.standardwebhooks.com). */
const prefix = "whsec_";
/** Bytes of a new secret; the specification asks for 24 to 64. */
const secretBytes = 32;

/** A new secret of a webhook. */
export function webhookSecretMake(): string {
  return prefix + randomBytes(secretBytes).toString("base64");
}

/** The headers of a delivery. Pure. @param timestamp seconds since 1970 */
export function webhookHeaders(
  secret: string,
  { id, timestamp, body }: { id: string; timestamp: number; body: string },
): Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string> {
  const key = Buffer.from(secret.slice(prefix.length), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": String(timestamp), "webhook-signature": `v1,${signature}` };
}
