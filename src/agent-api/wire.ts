// The part of protobuf's wire format that is needed to read a few fields in place and to check a message before it is
// decoded. Nothing is copied and no object is made per field, because a stranger's message of 1 MiB may hold half a
// million fields. https://protobuf.dev/programming-guides/encoding/

/** The wire type of a value: a varint, 8 or 4 bytes, or length-delimited bytes. */
export type WireKind = "varint" | "fixed64" | "fixed32" | "bytes";

/** Iterates over the fields of a message. */
export interface WireCursor {
  /** The field's number. */
  number: number;
  kind: WireKind;
  /** Where the field's value begins and ends in the message, without the length of a length-delimited value. */
  from: number;
  to: number;
  /**
   * Moves to the next field; returns false at the message's end.
   * @throws {RangeError} if the bytes are not a protobuf message
   */
  next(): boolean;
}

/** A cursor before the first field of `message`, or of its part from `begin` to `end`. */
export function wireCursor(message: Uint8Array, begin = 0, end = message.length): WireCursor {
  let at = begin;

  /** Exact up to 2^53; greater numbers exceed every accepted length and tag anyway. */
  function varint(): number {
    let value = 0;
    let scale = 1;
    for (let bytes = 0; bytes < 10; bytes += 1) {
      const byte = at < end ? message[at] : undefined;
      if (byte === undefined) {
        throw new RangeError("the message ends within a number");
      }
      at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        return value;
      }
      scale *= 128;
    }
    throw new RangeError("the message has a number of more than 10 bytes");
  }

  function span(kind: WireKind, length: number): void {
    if (length > end - at) {
      throw new RangeError("the message ends within a field");
    }
    cursor.kind = kind;
    cursor.from = at;
    at += length;
    cursor.to = at;
  }

  const cursor: WireCursor = {
    number: 0,
    kind: "varint",
    from: begin,
    to: begin,
    next: () => {
      if (at >= end) {
        return false;
      }
      const tag = varint();
      cursor.number = Math.floor(tag / 8);
      if (cursor.number < 1 || cursor.number > 0x1fff_ffff) {
        throw new RangeError("the message has a field number out of range");
      }
      switch (tag % 8) {
        case 0:
          cursor.kind = "varint";
          cursor.from = at;
          varint();
          cursor.to = at;
          return true;
        case 1:
          span("fixed64", 8);
          return true;
        case 2:
          span("bytes", varint());
          return true;
        case 5:
          span("fixed32", 4);
          return true;
        default:
          // Groups do not exist in proto3.
          throw new RangeError("the message has a field of an unknown kind");
      }
    },
  };
  return cursor;
}

/**
 * All occurrences of a message field, concatenated: decoding that gives their merged message. Undefined if the field
 * does not occur. Linear in the message's length.
 * @throws {RangeError} if the bytes are not a protobuf message
 */
export function wireMerged(message: Buffer, number: number): Buffer | undefined {
  const parts: Buffer[] = [];
  const cursor = wireCursor(message);
  while (cursor.next()) {
    if (cursor.number === number && cursor.kind === "bytes") {
      parts.push(message.subarray(cursor.from, cursor.to));
    }
  }
  const [first] = parts;
  return parts.length < 2 ? first : Buffer.concat(parts);
}

/** Encodes a length-delimited field: tag, length and value. */
export function wireBytes(number: number, value: Uint8Array): Buffer[] {
  return [Buffer.concat([wireVarint(BigInt(number * 8 + 2)), wireVarint(BigInt(value.length))]), value as Buffer];
}

/** Encodes a varint field: tag and value. */
export function wireNumber(number: number, value: bigint): Buffer {
  return Buffer.concat([wireVarint(BigInt(number * 8)), wireVarint(BigInt.asUintN(64, value))]);
}

function wireVarint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
