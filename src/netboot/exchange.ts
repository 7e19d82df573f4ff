import type { IncomingMessage, ServerResponse } from "node:http";

/** A request and its response. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** The caller's network address. */
  address: string;
}

const textType = "text/plain; charset=utf-8";

/** Sends a short text. */
export function answerText({ request, response }: Exchange, status: number, text: string): number {
  const body = Buffer.from(text);
  response.writeHead(status, {
    "content-type": textType,
    "content-length": body.length,
    "cache-control": "no-store",
  });
  response.end(request.method === "HEAD" ? undefined : body);
  return status;
}
