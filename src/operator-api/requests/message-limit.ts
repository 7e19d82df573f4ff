// Connect's own words for a message that is too large name its options, and its status says "too many requests".
import { Code, type ConnectRouter, ConnectError } from "@connectrpc/connect";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import type { Compression, UniversalServerRequest } from "@connectrpc/connect/protocol";

/** Maximum size of a message in bytes: an image's three data files, with room to spare. */
export const messageLimit = 1024 * 1024;

/** The bytes before each message of a stream: flags, and the length. */
const envelopeBytes = 5;

/** The compressions that callers may use. @throws {ConnectError} `invalid_argument` if a message is too large without it */
export const messageCompressions: Compression[] = [compressionGzip, compressionBrotli].map((compression) => ({
  name: compression.name,
  compress: (bytes) => compression.compress(bytes),
  decompress: async (bytes, limit) => {
    try {
      return await compression.decompress(bytes, limit);
    } catch (error) {
      throw ConnectError.from(error).code === Code.ResourceExhausted ? tooLarge() : error;
    }
  },
}));

/** Refuses messages that are too large before a router's handlers read them. */
export function messagesLimited({ handlers }: ConnectRouter): void {
  handlers.forEach((handler, n) => {
    handlers[n] = Object.assign((request: UniversalServerRequest) => handler(limited(request)), handler);
  });
}

function limited(request: UniversalServerRequest): UniversalServerRequest {
  const { header, body } = request;
  if (Number(header.get("content-length") ?? 0) > messageLimit + envelopeBytes) {
    const shorter = new Headers(header);
    shorter.delete("content-length");
    return { ...request, header: shorter, body: refused() };
  }
  if (!isStream(body)) {
    return request;
  }
  const type = header.get("content-type") ?? "";
  return { ...request, body: /^application\/(?:grpc|connect\+)/u.test(type) ? enveloped(body) : bare(body) };
}

function isStream(body: UniversalServerRequest["body"]): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

// oxlint-disable-next-line require-yield -- it has nothing to give.
async function* refused(): AsyncGenerator<Uint8Array> {
  throw tooLarge();
}

async function* bare(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > messageLimit) {
      throw tooLarge();
    }
    yield chunk;
  }
}

/** Each call has one message, whose length comes before it. */
async function* enveloped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (head.length < envelopeBytes) {
      head = Buffer.concat([head, chunk.subarray(0, envelopeBytes - head.length)]);
      if (head.length === envelopeBytes && head.readUInt32BE(1) > messageLimit) {
        throw tooLarge();
      }
    }
    yield chunk;
  }
}

function tooLarge(): ConnectError {
  return new ConnectError(
    `the message is too large: expected at most ${messageLimit / 1024} KiB (${messageLimit} bytes): send less in one call`,
    Code.InvalidArgument,
  );
}
