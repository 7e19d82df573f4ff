import type { IncomingMessage } from "node:http";

/** A request's body, or undefined if it is longer than `limit` bytes. */
export async function requestBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > limit) {
      return undefined;
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}
