import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { answerGrpc, grpcContentType, type RefusalCode } from "./grpc-answer.ts";

/** The answer to a request that reaches no handler. */
export interface ErrorAnswer {
  /** The HTTP status; a gRPC client gets 200 and the gRPC status of `code`. */
  status: number;
  code: RefusalCode;
  message: string;
  headers?: Readonly<Record<string, string>>;
}

/** Answers with an error in the caller's format: gRPC's, or Connect's JSON, which is readable with curl too. */
export function answerError(
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
  { status, code, message, headers = {} }: ErrorAnswer,
): void {
  const grpc = grpcContentType(request);
  if (grpc !== undefined) {
    answerGrpc(response, grpc, code, message);
    return;
  }
  // Both classes have the same methods, but different types.
  const plain = response as ServerResponse;
  plain.writeHead(status, { "content-type": "application/json", ...headers });
  plain.end(request.method === "HEAD" ? "" : `${JSON.stringify({ code, message })}\n`);
}
