/**
 * A message with gRPC's five-byte prefix: uncompressed, and its length (gRPC over HTTP/2, "Length-Prefixed-Message").
 */
export function frame(message: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(5 + message.length);
  bytes.writeUInt8(0, 0);
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, 5);
  return bytes;
}

/** Takes bytes as they arrive, and returns the messages that are complete. */
export type FrameReader = (chunk: Buffer) => Buffer[];

/** Makes a reader for a stream. */
export function frameReader(): FrameReader {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const messages: Buffer[] = [];
    while (rest.length >= 5) {
      const end = 5 + rest.readUInt32BE(1);
      if (rest.length < end) {
        break;
      }
      messages.push(rest.subarray(5, end));
      rest = rest.subarray(end);
    }
    return messages;
  };
}
