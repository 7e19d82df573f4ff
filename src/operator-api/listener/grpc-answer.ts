import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

/** gRPC status codes by Connect's names (https://grpc.github.io/grpc/core/md_doc_statuscodes.html). */
const grpcStatus = {
  invalid_argument: 3,
  not_found: 12,
  permission_denied: 7,
  failed_precondition: 9,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
  resource_exhausted: 8,
} as const;

/** Connect's name of an error that is answered before a handler is found. */
export type RefusalCode = keyof typeof grpcStatus;

/** The request's content type if it is a gRPC or gRPC-Web call; such clients understand no other answer. */
export function grpcContentType(request: IncomingMessage | Http2ServerRequest): string | undefined {
  const type = request.headers["content-type"] ?? "";
  return /^application\/grpc(?:-web)?(?:-text)?(?:\+[a-z]+)?(?:\s*;|$)/iu.test(type) ? type : undefined;
}

/**
 * Answers a gRPC call with an error only ("Trailers-Only" in
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md): HTTP 200 with status and message in the headers. An
 * unknown path is UNIMPLEMENTED.
 */
export function answerGrpc(
  response: ServerResponse | Http2ServerResponse,
  type: string,
  code: RefusalCode,
  message: string,
): void {
  const headers = {
    "content-type": type,
    "grpc-status": String(grpcStatus[code]),
    "grpc-message": percentEncoded(message),
  };
  if ("stream" in response) {
    if (!response.stream.destroyed && !response.stream.headersSent) {
      response.stream.respond({ ":status": 200, ...headers }, { endStream: true });
    }
    return;
  }
  response.writeHead(200, headers);
  response.end();
}

/** Percent-encodes a message as the protocol demands: UTF-8, with printable ASCII except "%" unchanged. */
function percentEncoded(message: string): string {
  return message.replace(/[^ -$&-~]+/gu, (text) => encodeURIComponent(text));
}
