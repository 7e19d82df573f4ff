import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { errorCode } from "../../lib/errors.ts";

/** By the error code of Node's HTTP parser; any other code gives 400. */
const known: Readonly<Record<string, { status: number; message: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, message: "the request's headers are longer than 16 KiB: send fewer" },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: "the request did not arrive in time: send it again" },
  HPE_PAUSED_H2_UPGRADE: {
    status: 400,
    message:
      "this port speaks HTTP/1.1 without TLS; gRPC needs HTTP/2: call Connect, gRPC-Web or JSON, or serve operators with " +
      "TLS (--operator-tls-cert and --operator-tls-key)",
  },
};

/** The complete answer to bytes that are not an HTTP/1.1 request, and that the connection closes. Pure. */
export function badRequestAnswer(error: Error): string {
  const code = errorCode(error) ?? "";
  const { status, message } = known[code] ?? { status: 400, message: "the request is not valid HTTP/1.1" };
  const body = `${JSON.stringify({ code: "invalid_argument", message })}\n`;
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\ncontent-type: application/json\r\n` +
    `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`
  );
}

/** Answers bytes that are not a request, if the connection still allows it, and closes the connection. */
export function answerBadRequest(error: Error, socket: Duplex): void {
  if (socket.writable && errorCode(error) !== "ECONNRESET") {
    socket.end(badRequestAnswer(error), () => socket.destroy());
  } else {
    socket.destroy();
  }
}
