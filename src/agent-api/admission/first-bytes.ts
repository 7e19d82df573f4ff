import type { Refusal } from "../refusal.ts";

/** Bytes of a message that are read of anybody: a machine's id is among the first 40. */
const firstBytes = 4 << 10;
/** Bytes that a compressed message of a caller who is not known may unpack to. */
const unpackedBytes = 64 << 10;

/** What a call of grpc-js has inside, in no type: where messages are put together, and the stream that they come by. */
interface ReceivingCall {
  decoder: { write(data: Buffer): Buffer[] };
  stream: { pause(): unknown; resume(): unknown };
  maxReceiveMessageSize: number;
}

/**
 * Has no more than the first few KiB of a message received before its caller is known: then the stream is paused, until `decide` has
 * an answer. So a stranger's messages take no memory, however large they are and however many connections bring them. A message
 * that is whole before is not held up.
 * @param decide is given the message's first bytes; undefined: go on
 * @param refuse ends the call
 */
export function firstBytesOnly(
  call: unknown,
  decide: (beginning: Buffer) => Refusal | undefined | Promise<Refusal | undefined>,
  refuse: (refusal: Refusal) => void,
): void {
  const { decoder, stream } = call as ReceivingCall;
  (call as ReceivingCall).maxReceiveMessageSize = unpackedBytes;
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
      // gRPC's five bytes before the message: whether it is compressed, and its length.
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
