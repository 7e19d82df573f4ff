import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { answerGrpc, grpcContentType, type RefusalCode } from "./grpc-answer.ts";

/** What a request gets that reaches no handler. */
export interface ErrorAnswer {
  /** HTTP's; a gRPC client gets 200 and the status of `code`. */
  status: number;
  code: RefusalCode;
  message: string;
  headers?: Readonly<Record<string, string>>;
}

/** Answers with an error in the form that the caller reads: gRPC's, or Connect's JSON, which people with curl understand too. */
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
  // The two classes' methods are the same and their types are not.
  const plain = response as ServerResponse;
  plain.writeHead(status, { "content-type": "application/json", ...headers });
  plain.end(request.method === "HEAD" ? "" : `${JSON.stringify({ code, message })}\n`);
}
