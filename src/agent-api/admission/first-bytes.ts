import type { Refusal } from "../refusal.ts";

/** Bytes of a message that are received from an unauthenticated caller: a machine's id is among the first 40. */
const firstBytes = 4 << 10;

/**
 * Internals of a grpc-js call, which no type declares: the decoder that assembles messages, and the stream that they
 * arrive on.
 */
interface ReceivingCall {
  decoder: { write(data: Buffer): Buffer[] };
  stream: { pause(): unknown; resume(): unknown };
}

/**
 * Receives only the first few KiB of a message before its caller is authenticated; then the stream is paused until
 * `decide` answers. So messages of strangers take no memory, however large they are and however many connections bring
 * them. A message that has arrived whole is not delayed.
 * @param decide gets the message's first bytes; undefined means go on
 * @param refuse ends the call
 */
export function firstBytesOnly(
  call: unknown,
  decide: (beginning: Buffer) => Refusal | undefined | Promise<Refusal | undefined>,
  refuse: (refusal: Refusal) => void,
): void {
  const { decoder, stream } = call as ReceivingCall;
  const write = decoder.write.bind(decoder);
  let parts: Buffer[] | undefined = [];
  let bytes = 0;
  decoder.write = (data) => {
    const messages = write(data);
    if (parts === undefined || messages.length > 0) {
      return messages;
    }
    parts.push(data);
    bytes += data.length;
    if (bytes > firstBytes) {
      // The gRPC frame header of five bytes: the compressed flag and the length.
      const beginning = Buffer.concat(parts).subarray(5);
      parts = undefined;
      stream.pause();
      void Promise.resolve(decide(beginning)).then((refusal) => {
        if (refusal === undefined) {
          stream.resume();
        } else {
          refuse(refusal);
        }
      });
    }
    return messages;
  };
}
