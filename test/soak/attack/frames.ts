/** Frame types of RFC 9113, 6. */
export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags of frames, RFC 9113, 6. */
export const flag = { none: 0, endStream: 1, endHeaders: 4 } as const;

/** Settings, RFC 9113, 6.5.2. */
export const setting = { headerTableSize: 1, initialWindow: 4 } as const;

/** What a client sends first, RFC 9113, 3.4. */
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** A frame; `length` may claim another length than the payload has. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array, length?: number): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length ?? payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A SETTINGS frame of these settings. */
export function settings(values: Readonly<Record<number, number>> = {}): Buffer {
  const payload = Object.entries(values).map(([id, value]) => {
    const bytes = Buffer.alloc(6);
    bytes.writeUInt16BE(Number(id), 0);
    bytes.writeUInt32BE(value, 2);
    return bytes;
  });
  return frame(frameType.settings, flag.none, 0, Buffer.concat(payload));
}

/** A WINDOW_UPDATE frame; stream 0 is the connection. */
export function windowUpdate(stream: number, increment: number): Buffer {
  return frame(frameType.windowUpdate, flag.none, stream, uint32(increment));
}

/** An RST_STREAM frame, with CANCEL unless another code is given. */
export function reset(stream: number, code = 8): Buffer {
  return frame(frameType.reset, flag.none, stream, uint32(code));
}

/** Four bytes, the most significant first. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A string literal of HPACK without Huffman code, RFC 7541, 5.2. */
function hpackString(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length < 127) {
    return Buffer.concat([Buffer.of(bytes.length), bytes]);
  }
  const length = [127];
  let rest = bytes.length - 127;
  while (rest >= 128) {
    length.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.concat([Buffer.of(...length, rest), bytes]);
}

/** A field that is not indexed, RFC 7541, 6.2.2. */
export function hpackField(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0), hpackString(name), hpackString(value)]);
}

/** A field that becomes entry 62 of the table, RFC 7541, 6.2.1; `hpackIndexed` is that entry again. */
export function hpackIndexing(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0x40), hpackString(name), hpackString(value)]);
}

/** Entry 62 of the table, the newest of the dynamic ones, RFC 7541, 6.1. */
export const hpackIndexed = 0xbe;

/** The header block of a gRPC call: POST and https are of the static table. */
export function callHeaders(path: string, more: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.concat([
    Buffer.of(0x83, 0x87),
    hpackField(":path", path),
    hpackField(":authority", "localhost"),
    hpackField("content-type", "application/grpc"),
    hpackField("te", "trailers"),
    more,
  ]);
}

/** The HEADERS frame of a gRPC call, whose message follows. */
export function callFrame(stream: number, path: string, more?: Uint8Array): Buffer {
  return frame(frameType.headers, flag.endHeaders, stream, callHeaders(path, more));
}

/** DATA frames of a gRPC message, uncompressed, of at most 16 KiB each; the last ends the stream. */
export function messageFrames(stream: number, message: Uint8Array): Buffer {
  const whole = Buffer.concat([Buffer.of(0), uint32(message.length), message]);
  const frames: Buffer[] = [];
  for (let from = 0; from < whole.length; from += 16_384) {
    const end = from + 16_384 >= whole.length;
    frames.push(frame(frameType.data, end ? flag.endStream : flag.none, stream, whole.subarray(from, from + 16_384)));
  }
  return Buffer.concat(frames);
}

/** A whole call: headers and message. */
export function callFrames(stream: number, path: string, message: Uint8Array): Buffer {
  return Buffer.concat([callFrame(stream, path), messageFrames(stream, message)]);
}
